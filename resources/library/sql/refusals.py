"""Why a schema is left as it is, in words for the person who must act."""

from pathlib import Path

from resources.errors import Refused


def no_folder(folder: Path, argument: str = "directory") -> Refused:
    """Answer that there is no folder, which may be mistyped, or called otherwise at a revision.

    `argument` is the one that names it.
    """
    return Refused(
        f"There is no folder of migrations {folder}, so nobody knows which files should be "
        f"applied. Let `{argument}` name it as it is called at this revision; where there are no "
        "migrations yet, make it, and leave it empty. Nothing was changed.",
        folder=str(folder),
    )


def nothing_would_stay(identity: str, folder: Path) -> Refused:
    """Answer that a rollback to a folder would take back all that was ever applied."""
    return Refused(
        f"{identity} is not rolled back: nothing that is applied is among the files of {folder}, "
        "so all of it would be taken back, with every row. Let `directory` name the folder as it "
        "is called at that revision, or deploy a new revision instead; where the loss is meant, "
        "say `take_back_everything=True`. Nothing was changed."
    )


def newest_is_gone(identity: str, folder: Path) -> Refused:
    """Answer that a tool cannot go back, as the files that were applied last are not here."""
    return Refused(
        f"{identity} can neither be looked at nor rolled back: the folder {folder} of the revision "
        "that was deployed last is not where the tool runs, and only its files know the way back. "
        "Deploy that revision again, so that this worker has it, then roll back. Nothing was "
        "changed."
    )
