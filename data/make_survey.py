"""Survey Qinghe (清河镇), the demo town: `python data/make_survey.py --out DIR [--study FILE] [--photos] [--seed N]`.

Nothing in it was measured: findings are drawn by age, structure, storeys, lift, gas and by how well a place is kept, so
that the examination of a town can be tried out. The same seed gives the same files, byte for byte.
"""
