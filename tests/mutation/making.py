"""``python -m mutation.making``, in the copy: write all mutants of the code, and note those that the types refuse.

It is a program of its own, because mutmut reads its configuration from the current folder when it is imported.
"""

import json
import os
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path

from mutmut.__main__ import copy_also_copy_files, copy_src_dir, create_mutants
from mutmut.mutation.file_mutation import filter_mutants_with_type_checker

from mutation.outcomes import REFUSED_BY_TYPES, function_of, hashes_of

#: The end of the name under which mutmut keeps a function as it was.
_UNCHANGED = "__mutmut_orig"


def main() -> int:
    """Make what is not made yet."""
    work, checked = Path.cwd(), Path("checked.json")
    Path("mutants").mkdir(exist_ok=True)
    copy_src_dir()
    copy_also_copy_files()
    with redirect_stdout(StringIO()):  # it names every file
        create_mutants(len(os.sched_getaffinity(0)))
    hashes = hashes_of(work)
    if not checked.exists() or json.loads(checked.read_text()) != hashes:
        found = {name: mutant.error.error_description for name, mutant in filter_mutants_with_type_checker().items()}
        # Several copies of one `__init__` define attributes twice, which is no fault of a mutant.
        unsure = {function_of(name) for name in found if name.endswith(_UNCHANGED)}
        refused = {name: words for name, words in found.items() if function_of(name) not in unsure}
        REFUSED_BY_TYPES.write_text(json.dumps(refused, indent=0))
        checked.write_text(json.dumps(hashes))
    return 0


if __name__ == "__main__":
    sys.exit(main())
