"""The order of rows by several whole numbers, through one packed key.

`np.lexsort` sorts once for every key. Here the keys of a row are the digits of one number, which is
sorted once. Where they do not fit into its 64 bits, the rows that share a shortened number are
sorted again by the whole keys, so the answer is that of `np.lexsort` for any keys.
"""

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Packed = NDArray[np.uint64]

_BITS = 64
_SAMPLE = 1000


def sorted_rows(*keys: Ints) -> NDArray[np.intp] | slice:
    """The rows by `keys`, the first one first; rows that are equal in all stay as they are.

    `keys`: int64 columns of equal length, at least one. The slice of all rows where they are in
    that order already.
    """
    if in_order(*keys):
        return slice(None)
    packed, whole = _packed(keys)
    rows = np.argsort(packed, kind="stable")
    return rows if whole else _settled(rows, packed, keys)


def in_order(*keys: Ints) -> bool:
    """Whether the rows are in the order of `keys`, the first one first."""
    later = np.zeros(max(len(keys[0]) - 1, 0), dtype=np.bool_)
    for key in keys:
        before, after = key[:-1], key[1:]
        if bool(np.any(~later & (after < before))):
            return False
        later |= after > before
    return True


def _packed(keys: tuple[Ints, ...]) -> tuple[Packed, bool]:
    """A number for each row, in the order of the keys, and whether it holds all of their digits."""
    packed, left = np.zeros(len(keys[0]), dtype=np.uint64), _BITS
    for key in keys:
        digits, width = _digits(key, left)
        taken = min(width, left)
        if 0 < taken < _BITS:  # numpy does not define a shift by all 64 bits
            packed <<= np.uint64(taken)
        if taken:
            packed |= digits >> np.uint64(width - taken)
        left -= taken
        if width > taken:
            return packed, False
    return packed, True


def _digits(key: Ints, most: int) -> tuple[Packed, int]:
    """Numbers from 0 in the order of `key`, and how many bits they take.

    Where these are more than `most`, what no row uses is left out: the gap between the negative
    and the other values, and a step of which all are multiples, such as whole seconds.
    """
    digits, width = _above(key, key.min())
    if width > most:
        negative = key < 0
        if negative.any() and not negative.all():
            below, above = key[negative], key[~negative]
            digits[~negative] -= np.uint64(int(above.min()) - int(below.max()) - 1)
        step = np.gcd.reduce(digits[:_SAMPLE])
        if step > 1 and not np.any(digits % step):
            digits //= step
        width = int(digits.max()).bit_length()
    return digits, width


def _above(key: Ints, least: np.int64) -> tuple[Packed, int]:
    digits = key.view(np.uint64) - least.astype(np.uint64)  # modulo 2**64, so never too large
    return digits, int(digits.max()).bit_length()


def _settled(rows: NDArray[np.intp], packed: Packed, keys: tuple[Ints, ...]) -> NDArray[np.intp]:
    """`rows`, in the order of `packed`, with those of one number in the order of all keys."""
    numbers = packed[rows]
    same = numbers[1:] == numbers[:-1]
    shared = np.append(same, False) | np.append(False, same)
    tied = rows[shared]
    rows[shared] = tied[np.lexsort([key[tied] for key in reversed(keys)])]
    return rows
