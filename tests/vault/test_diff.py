"""A change of a note is shown as a diff that other programs can read."""

from vaultsync.vault.diff import diff


def test_a_diff_is_unified_and_names_a_missing_newline() -> None:
    assert diff(b"a\nb\n", b"a\nc", "Daily/x.md") == (
        "--- a/Daily/x.md\n+++ b/Daily/x.md\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n\\ No newline at end of file\n"
    )


def test_a_diff_keeps_every_byte_of_a_line() -> None:
    shown = diff(b"a\r\n\x1b[31mb\xe2\x80\xa8c\r\n", b"a\r\n", "Two words.md")
    assert shown == ("--- a/Two words.md\t\n+++ b/Two words.md\t\n@@ -1,2 +1 @@\n a\r\n-\x1b[31mb\u2028c\r\n")


def test_equal_notes_have_no_diff() -> None:
    assert diff(b"a\n", b"a\n", "x.md") == ""
