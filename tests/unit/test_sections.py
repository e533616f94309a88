"""What a script on a node printed, section by section."""

import pytest

from vmstore.tools.sections import Section, split

WHOLE = "Welcome to n1!\n@dm\na|b\n@end 0\n@cluster.conf\n@end 124\n"


def test_each_section_has_what_was_printed_and_an_exit_code() -> None:
    assert split(WHOLE) == ({"dm": Section(0, "a|b\n"), "cluster.conf": Section(124, "")}, "")


@pytest.mark.parametrize("line", ["@marks", "@end", "@end late", "@end 0 ", " @end 0", "@@over"])
def test_what_only_looks_like_a_begin_or_an_end_is_what_was_printed(line: str) -> None:
    assert split(f"@dm\n{line}\n@end 0\n") == ({"dm": Section(0, f"{line}\n")}, "")


@pytest.mark.parametrize("line", ["@", "@@over", "@over 12.5", "@begin 12.5 0", "@end 0"])
def test_what_stands_between_two_sections_is_none(line: str) -> None:
    assert split(f"{line}\n{WHOLE}{line}\n") == split(WHOLE)


@pytest.mark.parametrize(("end", "torn"), [("@d", "d"), ("@dm", "dm"), ("@dm\na|b\n", "dm"), ("@dm\n@end ", "dm")])
def test_a_section_that_was_cut_off_is_named(end: str, torn: str) -> None:
    assert split(WHOLE + end)[1] == torn
