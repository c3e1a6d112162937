"""Sample products with a round body: a mug, a vase of flowers, a lamp, a bottle.

Every function paints one product on an empty easel, in final pixels. No photo ships with cutoutd, so none needs a
licence, and the true outline of every product is known.
"""

from cutoutd.sandbox.samples.canvas import Easel
from cutoutd.sandbox.samples.colours import BLACK, WHITE, Colour, Stops
from cutoutd.sandbox.samples.curves import Point, near_edge
from cutoutd.sandbox.samples.flowers import paint_flower, paint_leaf
from cutoutd.sandbox.samples.shapes import ellipse, outline, polygon, stroke

_BLUE_GLAZE: Stops = [
    (0, (18, 52, 110)),
    (0.16, (62, 118, 196)),
    (0.3, (96, 154, 226)),
    (0.55, (40, 90, 166)),
    (0.88, (16, 44, 96)),
    (1, (30, 66, 124)),
]
_TEAL_GLAZE: Stops = [
    (0, (20, 82, 88)),
    (0.2, (66, 150, 152)),
    (0.32, (128, 198, 194)),
    (0.55, (44, 126, 130)),
    (0.9, (12, 62, 70)),
    (1, (28, 84, 90)),
]
_WALNUT: Stops = [(0, (60, 34, 20)), (0.3, (156, 100, 62)), (0.6, (110, 66, 38)), (1, (52, 28, 18))]
_SHADE_CLOTH: Stops = [
    (0, (190, 120, 20)),
    (0.25, (250, 196, 76)),
    (0.45, (255, 218, 120)),
    (0.75, (236, 168, 48)),
    (1, (170, 100, 14)),
]
_GREEN_GLASS: Stops = [
    (0, (34, 62, 20)),
    (0.1, (20, 40, 12)),
    (0.24, (74, 112, 36)),
    (0.36, (40, 70, 20)),
    (0.7, (26, 50, 14)),
    (0.9, (58, 92, 28)),
    (1, (18, 36, 10)),
]
_LABEL_PAPER: Stops = [(0, (200, 140, 50)), (0.3, (255, 214, 122)), (0.6, (244, 190, 88)), (1, (164, 106, 36))]
_LIT_CLOTH: Stops = [(0, (224, 156, 52)), (0.6, (255, 236, 176)), (1, (255, 214, 120))]
_GOLD_TRIM: Stops = [(0, (120, 70, 14)), (0.35, (214, 150, 56)), (1, (104, 58, 10))]


def paint_mug(easel: Easel) -> None:
    """A blue mug of coffee, 1200 by 1200."""
    handle = stroke([(770, 500), (870, 476), (964, 524), (986, 620), (940, 724), (850, 790), (740, 822)], 58)
    easel.shade_across(handle, [(0, (22, 58, 118)), (0.5, (44, 98, 176)), (1, (18, 50, 104))])
    shine = stroke([(820, 480), (884, 470), (950, 508), (976, 580), (968, 650)], 14)
    easel.tint(shine.softened(6).within(handle), WHITE, opacity=0.5)
    body = [(250, 400), (251, 470), (250, 600), (246, 760), (238, 840), (226, 892), (200, 928)]
    easel.turn(560, body, _BLUE_GLAZE)
    easel.tint(ellipse((560, 980), 260, 50).softened(26), BLACK, opacity=0.4)
    easel.tint(stroke([(398, 520), (398, 660), (414, 820)], 30).softened(12), WHITE, opacity=0.45)
    easel.tint(stroke([(446, 520), (446, 640), (454, 760)], 8).softened(4), WHITE, opacity=0.35)
    easel.shade_across(ellipse((560, 400), 250, 62), [(0, (78, 130, 200)), (0.35, (190, 214, 244)), (1, (40, 84, 152))])
    inside = ellipse((560, 402), 232, 51)
    easel.shade_across(inside, [(0, (92, 150, 196)), (0.4, (132, 188, 226)), (1, (176, 220, 246))])
    easel.tint(ellipse((560, 432), 226, 44).within(inside), (70, 38, 20), opacity=1)
    easel.tint(ellipse((500, 426), 120, 14).softened(12).within(inside), (166, 108, 66), opacity=0.8)


def paint_vase(easel: Easel) -> None:
    """A teal vase of five flowers, 1100 by 1500."""
    heads: list[tuple[Point, float, Colour]] = [
        ((470, 412), 104, (232, 80, 88)),
        ((776, 650), 88, (238, 92, 96)),
        ((350, 610), 90, (252, 186, 70)),
        ((694, 430), 100, (226, 92, 142)),
        ((572, 268), 112, (250, 160, 56)),
    ]
    for (x, y), _, _ in heads:
        stem = stroke([(545 + (x - 550) * 0.1, 800), (550 + (x - 550) * 0.35, 640 + (y - 450) * 0.3), (x, y)], 13)
        easel.shade_across(stem, [(0, (52, 104, 52)), (1, (84, 146, 70))])
    for tip in ((296, 770), (812, 800), (440, 500), (640, 560)):
        paint_leaf(easel, (550, 800), tip)
    for centre, radius, petal in heads:
        paint_flower(easel, centre, radius, petal)
    easel.turn(
        550,
        [(104, 786), (84, 830), (76, 890), (120, 990), (206, 1090), (226, 1190), (190, 1290), (128, 1372)],
        _TEAL_GLAZE,
    )
    easel.tint(ellipse((550, 1410), 230, 60).softened(26), BLACK, opacity=0.4)
    for y in (1106, 1130):
        band = stroke([(300, y - 22), (420, y + 20), (550, y + 34), (680, y + 20), (800, y - 22)], 8)
        easel.tint(band, (240, 230, 206), opacity=0.75)
    easel.tint(stroke([(424, 1080), (402, 1180), (424, 1270)], 30).softened(14), WHITE, opacity=0.45)
    easel.shade_across(ellipse((550, 788), 104, 22), [(0, (70, 150, 152)), (0.4, (156, 214, 210)), (1, (28, 92, 98))])
    rim = ellipse((550, 789), 90, 15)
    easel.fill(rim, (14, 46, 50))
    for (x, _), _, _ in heads:
        foot = stroke([(548 + (x - 550) * 0.11, 750), (545 + (x - 550) * 0.1, 830)], 13)
        easel.tint(foot.within(rim), (62, 118, 58), opacity=1)


def paint_lamp(easel: Easel) -> None:
    """A table lamp with a walnut foot, 1200 by 1500."""
    easel.turn(600, [(14, 640), (14, 760), (13, 900)], [(0, (120, 84, 30)), (0.35, (250, 220, 150)), (1, (96, 62, 20))])
    easel.turn(600, [(104, 1290), (160, 1312), (196, 1330), (200, 1346)], _WALNUT)
    easel.tint(ellipse((600, 1300), 120, 30).softened(12), BLACK, opacity=0.4)
    easel.turn(600, [(26, 886), (44, 910), (30, 940), (58, 1010), (104, 1120), (96, 1220), (62, 1296)], _WALNUT)
    easel.tint(stroke([(546, 1080), (534, 1140), (542, 1210)], 22).softened(10), WHITE, opacity=0.3)
    easel.turn(600, [(190, 250), (240, 400), (292, 560), (344, 716)], _SHADE_CLOTH)
    shade = polygon([(410, 250), (790, 250), *reversed(near_edge(600, 344, 716))])
    easel.tint(ellipse((580, 600), 210, 200).softened(80).within(shade), (255, 246, 206), opacity=0.85)
    for place in range(-9, 10):
        pleat = polygon([(599 + place * 20, 250), (602 + place * 20, 250), (602 + place * 36, 780)])
        easel.tint(pleat.softened(1).within(shade), (150, 90, 10), opacity=0.16)
    easel.shade_across(polygon([*near_edge(600, 341, 706), *reversed(near_edge(600, 346, 722))]), _GOLD_TRIM)
    easel.shade_across(ellipse((600, 250), 193, 27), _GOLD_TRIM)
    easel.shade_across(ellipse((600, 251), 182, 21), _LIT_CLOTH)
    easel.fill(stroke([(690, 764), (692, 800), (690, 850)], 4), (150, 104, 40))
    easel.shade_across(ellipse((690, 858), 11, 13), [(0, (246, 208, 120)), (1, (130, 84, 24))])


def paint_bottle(easel: Easel) -> None:
    """A bottle of olive oil, 1000 by 1500."""
    easel.turn(500, [(42, 190), (45, 270)], [(0, (110, 74, 44)), (0.3, (214, 166, 116)), (1, (94, 60, 34))])
    easel.fill(ellipse((500, 190), 42, 7), (206, 160, 112))
    easel.turn(
        500,
        [(48, 290), (50, 420), (62, 510), (116, 600), (164, 690), (172, 790), (172, 1330), (166, 1366)],
        _GREEN_GLASS,
    )
    easel.turn(500, [(56, 258), (57, 296)], _GREEN_GLASS)
    easel.tint(ellipse((500, 1398), 180, 26).softened(12), BLACK, opacity=0.5)
    label = polygon([*near_edge(500, 171, 840), *reversed(near_edge(500, 171, 1210))])
    easel.shade_across(label, _LABEL_PAPER)
    for y in (856, 1192):
        easel.tint(stroke(near_edge(500, 171, y), 6).within(label), (150, 70, 34), opacity=0.9)
    for side in (-1, 1):
        for step in range(4):
            x, y = 500 + side * (20 + step * 26), 1012 - step * 16
            leaf = outline([(x, y), (x + side * 8, y - 34), (x + side * 44, y - 52), (x + side * 32, y - 16)])
            easel.tint(leaf.within(label), (70, 104, 40), opacity=1)
    easel.tint(ellipse((500, 1006), 22, 28).within(label), (48, 54, 28), opacity=1)
    for half, y, width in ((104, 1080, 18), (70, 1116, 9), (84, 1142, 9)):
        line = stroke([(500 - half, y), (500, y + half / 12), (500 + half, y)], width)
        easel.tint(line.within(label), (92, 52, 26), opacity=0.85)
    easel.tint(stroke([(376, 720), (366, 800), (366, 1330)], 16).softened(7), WHITE, opacity=0.4)
    easel.tint(stroke([(470, 340), (468, 430), (452, 530), (404, 630)], 10).softened(5), WHITE, opacity=0.45)
