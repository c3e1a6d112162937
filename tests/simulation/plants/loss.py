"""Nothing is lost, and no result is wrong (D): each fault with its edit and its weather."""

from simulation.plants.plant import Edit, Plant

PLANTS: tuple[Plant, ...] = (
    Plant(
        item="D21 pixels are not looked at",
        edits=(
            Edit(
                "images/structure/png_check.py",
                "                self._pixels.take(taken)",
                "                pass",
            ),
        ),
        profile="junk",
        shows=r"is not the service",
    ),
    Plant(
        item="D22 a retouched cutout is overwritten",
        edits=(
            Edit(
                "core/set_aside.py",
                "    if _judged_aside(aside, fd, judge):\n        os.unlink",
                "    if True:\n        os.unlink",
            ),
        ),
        profile="retouchers",
        shows=r"the retouched cutout a\d.png was changed or removed",
    ),
    Plant(
        item="D22 an edited file becomes a twin's cutout",
        edits=(Edit("pipeline/steps/reuse.py", "    if copied.hexdigest() != sha256:", "    if False:"),),
        profile="scribblers",
        shows=r"copy.png is not the service's result",
    ),
    Plant(
        item="D23 originals that are set aside are swept",
        edits=(
            Edit(
                "files/output_tree.py",
                "    if draft.startswith(ASIDE_PREFIX) or changed_at_s >= before_s:",
                "    if changed_at_s >= before_s:",
            ),
        ),
        profile="leftovers",
        shows=r"the foreign file .cutoutd-aside-\w+.jpg was changed or removed",
    ),
    Plant(
        item="D23 drafts of a living instance are swept",
        edits=(Edit("files/output_tree.py", "    return not is_being_written(digits)", "    return True"),),
        profile="leftovers",
        shows=r"the foreign file .cutoutd-\w+.png was changed or removed",
    ),
    Plant(
        item="D25 forged provenance is believed",
        edits=(
            Edit(
                "files/provenance.py",
                "        return any(hmac.compare_digest(_signature(key, record), given) for key in self._keys)",
                "        return True",
            ),
        ),
        profile="forgers",
        shows=r"a\d.png is not the service's result for a/a\d.jpg",
    ),
    Plant(
        item="D21 a picture of any size is taken",
        edits=(
            Edit(
                "images/structure/png_check.py",
                "            if self._max_pixels is not None and self._header.pixels > self._max_pixels:",
                "            if False:",
            ),
        ),
        profile="giants",
        shows=r"a\d.png is not the service's result",
    ),
    Plant(
        item="D21 a doubtful cutout takes its source away",
        edits=(
            Edit(
                "ledger/queries/sources.py",
                "photos.c.state == State.PUBLISHED, photos.c.doubt.is_(None))",
                "photos.c.state == State.PUBLISHED)",
            ),
        ),
        profile="doubtful",
        shows=r"is gone, though its cutout is doubtful",
    ),
    Plant(
        item="D24 a whole photo gets the cutout of a smaller copy",
        edits=(
            Edit(
                "ledger/queries/duplicates.py",
                '_IS_MADE_ALIKE = and_(photos.c.parameters == bindparam("parameters"), _IS_SENT_ALIKE)',
                '_IS_MADE_ALIKE = photos.c.parameters == bindparam("parameters")',
            ),
        ),
        profile="two sizes",
        shows=r"b\d.png is not the service's result",
    ),
    Plant(
        item="D22 a retouched cutout is removed with its photo",
        edits=(
            Edit(
                "core/set_aside.py",
                """        rename_no_replace(aside, fd, numbered_names(name), fd)
        return False
    os.unlink(aside, dir_fd=fd)
    return True""",
                """        pass
    os.unlink(aside, dir_fd=fd)
    return True""",
            ),
        ),
        profile="retouchers",
        shows=r"the retouched cutout a\d.png was changed or removed",
    ),
)
