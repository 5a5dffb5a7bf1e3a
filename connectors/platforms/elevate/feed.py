"""The imports of a cluster, in the format of the API version that the connection uses."""

from connectors.platforms.elevate.client import ElevateClient
from connectors.sdk.feeds import Feed, FeedFile, ImportResult


class ClusterFeed(Feed[ElevateClient]):
    lane = "feed"

    @property
    def drain_seconds(self) -> float:
        return float(self.client.settings.drain_every)

    @property
    def format(self) -> str:
        return str(self.client.settings.api_version)

    def open_file(self, path: str, *, replace_all: bool) -> FeedFile:
        return self.client.api.open_file(path, replace_all=replace_all)

    def start_import(self, path: str, *, replace_all: bool, name: str, force: bool) -> ImportResult:
        return self.client.api.send(path, replace_all=replace_all, name=name, force=force)

    def poll_import(self, remote_id: str, *, path: str, replace_all: bool) -> ImportResult:
        return self.client.api.poll(remote_id, path=path, replace_all=replace_all)
