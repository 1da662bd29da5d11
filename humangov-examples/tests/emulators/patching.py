# SPDX-License-Identifier: MIT OR Apache-2.0
"""How the start-up patches of moto replace its methods."""


def patch(owner, name=None):
    """Replaces `owner.name` by the decorated function, which gets the original as its first argument."""

    def replace(function):
        attribute = name or function.__name__
        original = getattr(owner, attribute)  # fails loudly at start-up when moto's internals have moved
        setattr(owner, attribute, lambda self, *args, **kwargs: function(original, self, *args, **kwargs))
        return function

    return replace
