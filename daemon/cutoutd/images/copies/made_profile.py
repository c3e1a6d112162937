"""ICC profiles made of the numbers with which a PNG tells its colours: primaries, white and a curve.

A JPEG has no other way to tell them, and only with a profile can pixels be converted.
"""

import struct

Row = tuple[float, float, float]
Matrix = tuple[Row, Row, Row]

_D50: Row = (0.9642, 1.0, 0.8249)  #: the white of every ICC profile
_BRADFORD: Matrix = ((0.8951, 0.2664, -0.1614), (-0.7502, 1.7135, 0.0367), (0.0389, -0.0685, 1.0296))
_CURVE_POINTS = 1024


def make_profile(name: str, chromaticities: tuple[int, ...], gamma: float | None, *, is_grey: bool) -> bytes:
    """Return an ICC profile of version 2.4 (ICC.1:2001-04): white, primaries, and one curve for all.

    Args:
        name: its description, in ASCII.
        chromaticities: white, red, green and blue, x and y of each, times 100,000.
        gamma: the exponent of the curve; None: the curve of sRGB.
        is_grey: True for a profile of one channel.

    Raises:
        ValueError: there are no such colours.
    """
    try:
        return _profile(name, chromaticities, _curve(gamma), is_grey=is_grey)
    except (ZeroDivisionError, OverflowError, struct.error) as error:
        msg = f"no profile tells the colours {chromaticities} with gamma {gamma}"
        raise ValueError(msg) from error


def _profile(name: str, chromaticities: tuple[int, ...], curve: bytes, *, is_grey: bool) -> bytes:
    tags = {b"desc": _text(name), b"cprt": b"text\0\0\0\0none\0", b"wtpt": _xyz(_D50)}
    if is_grey:
        tags[b"kTRC"] = curve
    else:
        columns = zip(*_to_d50(chromaticities), strict=True)
        tags |= {tag: _xyz(column) for tag, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
        tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    table, content = struct.pack(">I", len(tags)), b""
    start = 128 + 4 + 12 * len(tags)
    for tag, value in tags.items():
        table += tag + struct.pack(">II", start + len(content), len(value))
        content += value + bytes(-len(value) % 4)
    head = struct.pack(
        ">I4xI4s4s4s", start + len(content), 0x02400000, b"mntr", b"GRAY" if is_grey else b"RGB ", b"XYZ "
    )
    head = head + bytes(36 - len(head)) + b"acsp" + bytes(28) + struct.pack(">3i", *map(_fixed, _D50))
    return head + bytes(128 - len(head)) + table + content


def _text(text: str) -> bytes:
    return b"desc\0\0\0\0" + struct.pack(">I", len(text) + 1) + text.encode("ascii") + bytes(1 + 8 + 3 + 67)


def _xyz(value: Row) -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *map(_fixed, value))


def _fixed(number: float) -> int:
    return round(number * 65_536)


def _curve(gamma: float | None) -> bytes:
    """Return a curve of points; without an exponent that of sRGB (IEC 61966-2-1)."""
    levels = [point / (_CURVE_POINTS - 1) for point in range(_CURVE_POINTS)]
    light = [_srgb_light(level) if gamma is None else level**gamma for level in levels]
    return b"curv\0\0\0\0" + struct.pack(f">I{_CURVE_POINTS}H", _CURVE_POINTS, *(round(65_535 * one) for one in light))


def _srgb_light(level: float) -> float:
    return level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4  # noqa: PLR2004 - the standard's own


def _to_d50(chromaticities: tuple[int, ...]) -> Matrix:
    """Return the matrix from linear RGB to XYZ, its white moved to that of ICC profiles."""
    white, *primaries = (_xyz_of(x, y) for x, y in zip(chromaticities[::2], chromaticities[1::2], strict=True))
    columns = _transposed((primaries[0], primaries[1], primaries[2]))
    strengths = _times(_inverse(columns), white)
    to_xyz = _scaled_columns(columns, strengths)
    cones, wanted = _times(_BRADFORD, white), _times(_BRADFORD, _D50)
    moved = (wanted[0] / cones[0], wanted[1] / cones[1], wanted[2] / cones[2])
    adapted = _scaled_columns(_inverse(_BRADFORD), moved)
    return _product(_product(adapted, _BRADFORD), to_xyz)


def _xyz_of(x: int, y: int) -> Row:
    return x / y, 1.0, (100_000 - x - y) / y


def _times(matrix: Matrix, vector: Row) -> Row:
    one, two, three = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return one, two, three


def _transposed(matrix: Matrix) -> Matrix:
    one, two, three = zip(*matrix, strict=True)
    return one, two, three


def _scaled_columns(matrix: Matrix, factors: Row) -> Matrix:
    one, two, three = ((row[0] * factors[0], row[1] * factors[1], row[2] * factors[2]) for row in matrix)
    return one, two, three


def _product(left: Matrix, right: Matrix) -> Matrix:
    one, two, three = (_times(left, column) for column in _transposed(right))
    return _transposed((one, two, three))


def _inverse(matrix: Matrix) -> Matrix:
    (a, b, c), (d, e, f), (g, h, i) = matrix
    determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
    rows = (
        (e * i - f * h, c * h - b * i, b * f - c * e),
        (f * g - d * i, a * i - c * g, c * d - a * f),
        (d * h - e * g, b * g - a * h, a * e - b * d),
    )
    one, two, three = ((x / determinant, y / determinant, z / determinant) for x, y, z in rows)
    return one, two, three
