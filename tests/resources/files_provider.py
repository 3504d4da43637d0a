"""A provider of Terraform: files on this machine, which anybody may change behind its back.

Terraform starts it as a program; see `tests/resources/provided_files.py`. Like those that are
written in Go it ignores INT, ends what it has begun when it is told to stop, and dies of TERM.
https://github.com/hashicorp/go-plugin/blob/main/docs/internals.md
"""

import os
import signal
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
from tf.gen import grpc_controller_pb2 as controller  # type: ignore[import-untyped]
from tf.gen.grpc_controller_pb2_grpc import (  # type: ignore[import-untyped]
    add_GRPCControllerServicer_to_server,
)
from tf.gen.tfplugin_pb2_grpc import (  # type: ignore[import-untyped]
    add_ProviderServicer_to_server,
)
from tf.provider import ProviderServicer  # type: ignore[import-untyped]
from tf.schema import Attribute, Schema  # type: ignore[import-untyped]
from tf.types import String  # type: ignore[import-untyped]


class File:
    """`orbits_file`: a file at `path` with `content`; at another path it is another file."""

    def __init__(self, provider: object) -> None:
        self._provider = provider

    @classmethod
    def get_name(cls) -> str:
        return "file"

    @classmethod
    def get_schema(cls) -> Schema:
        return Schema(
            version=1,
            attributes=[
                Attribute("path", String(), required=True, requires_replace=True),
                Attribute("content", String(), required=True),
            ],
        )

    def validate(self, diagnostics: Any, type_name: str, config: dict[str, Any]) -> None:
        """Let any path and content be."""

    def plan(self, context: Any, current: dict[str, Any], planned: dict[str, Any]) -> Any:
        return planned

    def create(self, context: Any, planned: dict[str, str]) -> dict[str, str] | None:
        """Write the file; as thoughtless providers do, an error tells what it was to be."""
        try:
            Path(planned["path"]).write_text(planned["content"])
        except OSError as error:
            context.diagnostics.add_error(
                "The file cannot be written",
                f"{planned['path']}: {error.strerror}. It was to be: {planned['content']}",
            )
            return None
        return planned

    def read(self, context: Any, current: dict[str, str]) -> dict[str, str] | None:
        try:
            return {**current, "content": Path(current["path"]).read_text()}
        except FileNotFoundError:
            return None

    def update(self, context: Any, current: dict[str, str], planned: dict[str, str]) -> Any:
        return self.create(context, planned) or current

    def delete(self, context: Any, current: dict[str, str]) -> None:
        Path(current["path"]).unlink(missing_ok=True)


class Files:
    """The provider: it knows `orbits_file`, and has no configuration."""

    def full_name(self) -> str:
        return "orbits.example/agency/orbits"

    def get_model_prefix(self) -> str:
        return "orbits_"

    def get_provider_schema(self, diagnostics: Any) -> Schema:
        return Schema(attributes=[])

    def validate_config(self, diagnostics: Any, config: Any) -> None:
        """Have nothing to complain of."""

    def configure_provider(self, diagnostics: Any, config: Any) -> None:
        """Have nothing to set up."""

    def get_data_sources(self) -> list[Any]:
        return []

    def get_resources(self) -> list[type[File]]:
        return [File]

    def get_functions(self) -> list[Any]:
        return []

    def new_resource(self, kind: type[File]) -> File:
        return kind(self)


class _Ending:
    """Hears from Terraform when it needs the provider no more."""

    def __init__(self) -> None:
        self.told = threading.Event()

    def Shutdown(self, request: Any, context: Any) -> Any:  # noqa: N802 (the protocol's word)
        self.told.set()
        return controller.Empty()


def serve(provider: Files, socket: Path) -> None:
    """Answer Terraform until it needs no more.

    `tf.runner` does that too, but breaks off what it has begun when Terraform is interrupted.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ending = _Ending()
    server = grpc.server(ThreadPoolExecutor())
    add_ProviderServicer_to_server(ProviderServicer(provider), server)
    add_GRPCControllerServicer_to_server(ending, server)
    server.add_insecure_port(f"unix:{socket}")
    server.start()
    print(f"1|6|unix|{socket}|grpc", flush=True)
    ending.told.wait()
    server.stop(grace=1).wait()


if __name__ == "__main__":
    serve(Files(), Path(sys.argv[1]) / f"{os.getpid()}")
