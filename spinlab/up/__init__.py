"""``spinlab up``: serve an existing Spin application, with the options and the output of ``spin up``.

``command`` is the grammar, ``inputs`` reads the values of its options, ``output`` is where components' output goes,
``addresses`` the address to listen on, ``serving`` puts them together.
"""
