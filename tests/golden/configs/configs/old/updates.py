# ruff: noqa: F403, F405
"`update`, `merge`, `setdefault`, `copy`, `pop` and `del` of the base's dicts"
_base_ = ['../_base_/plain.py']
_base_.b.update(d=dict(f=dict(h=3)))
_base_.b.update(dict(c=[1], i=dict(j=4)), k=5)
_base_.loader.merge(dict(dataset=dict(_delete_=True, type='ImageNet'), batch_size=64))
list_ = [dict(x=1)]
_base_.b.i.setdefault('list', list_)
list_[0]['x'] = 2
_base_.b.i.setdefault('other', []).append(1)
copied = _base_.b.copy()
copied.c.append(9)
copied.i.j = 6
nothing = _base_.pop('nothing')
del _base_.p[0], _base_.b['k']
own = dict(d=dict(a=1))
own.update(d=dict(b=2))
a = [x * 2 for x in _base_.a]
