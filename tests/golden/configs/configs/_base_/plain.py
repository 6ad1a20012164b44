# ruff: noqa: F403, F405
a = [1, 2]
b = dict(c=[0], d=dict(e=1, f=dict(g=2)))
p = [dict(type='Load'), dict(type='Crop', scale=224), dict(type='RandAugment', magnitude_level=7)]
loader = dict(batch_size=32, dataset=dict(pipeline=p))
