# ruff: noqa: F403, F405
"What is read from `_base_` is the value itself; what is stored there is copied"
import copy

_base_ = '../_base_/plain.py'
first = copy.deepcopy(_base_.p)
first[1]['scale'] = 160
first[2]['magnitude_level'] *= 0.1
_base_.loader.dataset.pipeline = first
first[2]['magnitude_level'] *= 0.2
second = _base_.p
second[1]['scale'] = 192
third = _base_.a
third.append(3)
_base_.a += [4]
third.append(5)
fourth = dict(_base_.b)
fourth['d'].e = 7
fourth['c'] = []
