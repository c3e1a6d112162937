"""Sample products made of soft material: a sneaker and a handbag.

Every function paints one product on an empty easel, in final pixels.
"""

from cutoutd.sandbox.samples.canvas import Easel
from cutoutd.sandbox.samples.colours import BLACK, WHITE, Stops
from cutoutd.sandbox.samples.curves import Point
from cutoutd.sandbox.samples.shapes import ellipse, outline, stroke

_CORAL: Stops = [(0, (250, 122, 92)), (0.5, (236, 88, 66)), (1, (176, 48, 42))]
_RUBBER: Stops = [(0, (255, 250, 238)), (0.6, (240, 230, 210)), (1, (188, 172, 146))]
_INK: Stops = [(0, (52, 58, 98)), (1, (28, 32, 62))]
_WINE: Stops = [(0, (156, 44, 62)), (0.4, (134, 30, 50)), (1, (84, 14, 32))]
_BRASS: Stops = [(0, (150, 104, 34)), (0.35, (255, 226, 140)), (0.7, (206, 152, 58)), (1, (120, 78, 22))]


def paint_sneaker(easel: Easel) -> None:
    """A coral low-top, toe to the right, 1500 by 1100."""
    collar = outline([(250, 400), (330, 372), (480, 420), (590, 384), (640, 350), (600, 440), (440, 500), (290, 470)])
    easel.fill(collar, (46, 30, 40))
    upper = outline(
        [
            (236, 400), (290, 440), (380, 484), (480, 486), (560, 440), (628, 344), (690, 366), (800, 462),
            (930, 560), (1080, 612), (1220, 650), (1296, 724), (1300, 800), (900, 812), (500, 812), (232, 800),
            (212, 640), (226, 500),
        ]
    )  # fmt: skip
    easel.shade_down(upper, _CORAL)
    easel.tint(ellipse((1000, 640), 300, 60).softened(40).within(upper), WHITE, opacity=0.22)
    _paint_panels(easel)
    _paint_laces(easel)
    sole = outline(
        [
            (198, 776),
            (500, 786),
            (900, 788),
            (1200, 772),
            (1316, 742),
            (1340, 790),
            (1310, 846),
            (1180, 864),
            (700, 866),
            (240, 862),
            (192, 826),
        ]
    )
    easel.shade_down(sole, _RUBBER)
    easel.tint(stroke([(206, 812), (700, 822), (1150, 818), (1326, 786)], 6).within(sole), (226, 84, 66), opacity=0.9)
    easel.tint(stroke([(210, 852), (700, 862), (1290, 848)], 8).softened(3).within(sole), (120, 100, 80), opacity=0.6)


def _paint_panels(easel: Easel) -> None:
    heel = outline([(226, 470), (330, 520), (372, 640), (340, 790), (236, 790), (212, 640)])
    easel.shade_down(heel, _INK)
    toe = outline([(1080, 796), (1096, 700), (1190, 650), (1262, 676), (1308, 730), (1308, 800)])
    easel.shade_down(toe, [(0, (255, 244, 230)), (1, (226, 206, 184))])
    wave = outline([(330, 800), (350, 716), (520, 742), (720, 706), (900, 744), (1090, 704), (1090, 800), (700, 812)])
    easel.shade_down(wave, [(0, (255, 246, 234)), (1, (232, 212, 190))])
    stitches: list[list[Point]] = [
        [(340, 530), (386, 640), (356, 790)],
        [(1068, 796), (1084, 692), (1186, 636)],
        [(480, 500), (580, 456), (650, 372)],
    ]
    for seam in stitches:
        easel.tint(stroke(seam, 4).softened(1), BLACK, opacity=0.3)


def _paint_laces(easel: Easel) -> None:
    tongue = outline([(590, 392), (624, 318), (684, 312), (720, 372), (680, 440), (610, 470)])
    easel.shade_down(tongue, [(0, (196, 62, 54)), (1, (150, 38, 40))])
    for step in range(5):
        x, y = 640 + step * 62, 408 + step * 44
        easel.tint(stroke([(x - 46, y + 66), (x + 8, y + 22), (x + 62, y - 8)], 22).softened(6), BLACK, opacity=0.25)
        easel.shade_across(
            stroke([(x - 50, y + 58), (x + 4, y + 14), (x + 58, y - 8)], 19),
            [(0, (236, 226, 212)), (1, (255, 252, 246))],
        )


def paint_handbag(easel: Easel) -> None:
    """A wine-red handbag with brass fittings, 1300 by 1300."""
    strap = stroke([(440, 580), (446, 380), (540, 250), (650, 222), (760, 250), (854, 380), (860, 580)], 40)
    easel.shade_across(strap, [(0, (104, 20, 38)), (0.3, (164, 52, 70)), (1, (84, 14, 32))])
    easel.tint(
        stroke([(446, 480), (462, 370), (546, 262), (650, 232)], 8).softened(4).within(strap), WHITE, opacity=0.35
    )
    body = outline(
        [
            (300, 560),
            (480, 532),
            (650, 528),
            (820, 532),
            (1000, 560),
            (1050, 760),
            (1088, 1000),
            (1060, 1100),
            (900, 1122),
            (650, 1126),
            (400, 1122),
            (240, 1100),
            (212, 1000),
            (250, 760),
        ]
    )
    easel.shade_down(body, _WINE)
    easel.tint(ellipse((440, 760), 110, 250).softened(60).within(body), WHITE, opacity=0.2)
    easel.tint(ellipse((1060, 900), 120, 300).softened(60).within(body), BLACK, opacity=0.35)
    flap = outline(
        [
            (292, 556),
            (480, 530),
            (650, 526),
            (820, 530),
            (1008, 556),
            (1020, 680),
            (960, 800),
            (800, 858),
            (650, 872),
            (500, 858),
            (340, 800),
            (280, 680),
        ]
    )
    easel.tint(flap.moved(down=18).softened(14).within(body), BLACK, opacity=0.45)
    easel.shade_down(flap, [(0, (176, 58, 74)), (0.5, (150, 38, 58)), (1, (116, 22, 42))])
    easel.tint(ellipse((480, 640), 150, 90).softened(50).within(flap), WHITE, opacity=0.18)
    _paint_seam(easel, [(312, 690), (362, 778), (506, 834), (650, 846), (794, 834), (938, 778), (988, 690)])
    _paint_seam(easel, [(250, 1000), (268, 1074), (410, 1096), (650, 1100), (890, 1096), (1032, 1074), (1050, 1000)])
    for x in (440, 860):
        easel.shade_across(ellipse((x, 590), 36, 36), _BRASS)
        easel.fill(ellipse((x, 590), 20, 20), (120, 24, 42))
    easel.shade_across(outline([(596, 796), (704, 796), (716, 850), (700, 912), (600, 912), (584, 850)]), _BRASS)
    easel.tint(stroke([(650, 840), (650, 874)], 12), (92, 58, 18), opacity=0.9)


def _paint_seam(easel: Easel, along: list[Point]) -> None:
    easel.tint(stroke(along, 4), (232, 170, 150), opacity=0.7)
