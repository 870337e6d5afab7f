import docker
from docker.types import Mount

from common import IMAGE, Case


class Volumes(Case):
    def test_create_list_inspect_remove(self):
        volume = self.volume(labels={"clients": self.id()})
        self.assertEqual(volume.attrs["Driver"], "local")
        self.assertEqual(volume.attrs["Labels"], {"clients": self.id()})
        found = self.client.volumes.list(filters={"label": f"clients={self.id()}"})
        self.assertEqual([each.name for each in found], [volume.name])
        self.assertEqual(self.client.volumes.get(volume.name).attrs["Scope"], "local")
        volume.remove()
        with self.assertRaises(docker.errors.NotFound):
            self.client.volumes.get(volume.name)

    def test_what_one_container_writes_another_reads(self):
        volume = self.volume()
        where = {volume.name: {"bind": "/data", "mode": "rw"}}
        self.client.containers.run(IMAGE, ["sh", "-c", "echo kept > /data/file"], volumes=where, remove=True)
        said = self.client.containers.run(IMAGE, ["cat", "/data/file"], volumes=where, remove=True)
        self.assertEqual(said, b"kept\n")

    def test_read_only_mount(self):
        volume = self.volume()
        mount = Mount("/data", volume.name, read_only=True)
        with self.assertRaises(docker.errors.ContainerError) as caught:
            self.client.containers.run(IMAGE, ["touch", "/data/file"], mounts=[mount], remove=True)
        self.assertIn(b"Read-only file system", caught.exception.stderr)

    def test_one_in_use_cannot_be_removed(self):
        volume = self.volume()
        self.create(["true"], volumes={volume.name: {"bind": "/data"}})
        with self.assertRaises(docker.errors.APIError) as caught:
            volume.remove()
        self.assertEqual(caught.exception.status_code, 409)
        self.assertIn("volume is in use", caught.exception.explanation)

    def test_prune(self):
        label = self.name()
        volume = self.volume(labels={"prune": label})
        filters = {"label": [f"prune={label}"]}
        if tuple(map(int, self.api.api_version.split("."))) >= (1, 42):
            filters["all"] = ["true"]
        pruned = self.client.volumes.prune(filters=filters)
        self.assertEqual(pruned["VolumesDeleted"], [volume.name])

    def test_dangling(self):
        volume = self.volume()
        used = self.volume()
        self.create(["true"], volumes={used.name: {"bind": "/data"}})
        names = [each.name for each in self.client.volumes.list(filters={"dangling": True})]
        self.assertIn(volume.name, names)
        self.assertNotIn(used.name, names)
