"""An image that needs no registry: empty, with this machine's programs to be mounted into it."""

import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

NAME = "orbits-test-empty"
PROGRAMS = ("/usr", "/bin", "/lib", "/lib64")


def docker_image() -> str:
    """Answer the image's name, or skip the test where no daemon runs containers."""
    if shutil.which("docker") is None:
        pytest.skip("Docker is not installed: apt install docker.io")
    if subprocess.run(["docker", "version"], capture_output=True, check=False).returncode:
        pytest.skip("no Docker daemon answers: systemctl start docker, or set DOCKER_HOST")
    subprocess.run(["docker", "import", "-", NAME], input=_empty(), capture_output=True, check=True)
    return NAME


def programs() -> tuple[Path, ...]:
    """Answer the folders of this machine in which its programs and this Python are."""
    folders = [*map(Path, PROGRAMS), Path(sys.prefix), Path(sys.base_prefix)]
    real = (folder for folder in folders if folder.is_dir() and not folder.is_symlink())
    return tuple(dict.fromkeys(real))


def _empty() -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name in ("etc", "sbin"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o755
            archive.addfile(folder)
        for path in map(Path, PROGRAMS):
            if path.is_symlink():
                link = tarfile.TarInfo(path.name)
                link.type, link.linkname = tarfile.SYMTYPE, str(path.readlink())
                archive.addfile(link)
    return packed.getvalue()
