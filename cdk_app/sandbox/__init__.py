"""The local run: a local cloud, a stand-in of Digital.ai Deploy and SSH hosts behind a bastion.

Everything here is an optional extra of the package (``pip install 'deployed-auto-scaling-group[sandbox]'``);
neither the constructs nor the functions know of it.
"""
