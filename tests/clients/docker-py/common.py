"""What the tests share: a client, names of their own, and removal of what they made.

The suite asserts what Docker's own daemon does; it runs against one (`DOCKER_HOST`) as it does against a sandbox.
"""

import io
import itertools
import os
import tarfile
import time
import unittest

import docker

IMAGE = "busybox"
PATIENCE = 60
_numbers = itertools.count(1)


# Where every call is noted, for the table of endpoints (tests/suite/clients/).
CALLS = os.environ.get("DRYDOCK_CALLS")
_module = ""


def noted(send):
    def send_and_note(self, request, **options):
        if CALLS:
            with open(CALLS, "a") as calls:
                calls.write(f"{request.method} {request.path_url} {_module}.py\n")
        return send(self, request, **options)

    return send_and_note


docker.APIClient.send = noted(docker.APIClient.send)


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        global _module
        _module = cls.__module__
        cls.client = docker.from_env(timeout=PATIENCE)
        cls.api = cls.client.api

    @classmethod
    def tearDownClass(cls):
        cls.client.close()

    def name(self):
        """A name that nothing else has."""
        return f"clients-{os.getpid()}-{next(_numbers)}"

    def start(self, command, **options):
        """A running container, removed after the test."""
        container = self.create(command, **options)
        container.start()
        return container

    def create(self, command=None, **options):
        options.setdefault("name", self.name())
        container = self.client.containers.create(IMAGE, command, **options)
        self.addCleanup(self.remove, container.id)
        return container

    def remove(self, container):
        try:
            self.api.remove_container(container, force=True, v=True)
        except docker.errors.NotFound:
            pass

    def image(self, dockerfile, **options):
        """An image built from this Dockerfile, removed after the test."""
        options.setdefault("tag", self.name())
        context = io.BytesIO(dockerfile.encode())
        image, log = self.client.images.build(fileobj=context, rm=True, **options)
        self.addCleanup(self.remove_image, options["tag"])
        return image, list(log)

    def remove_image(self, image):
        try:
            self.api.remove_image(image, force=True)
        except docker.errors.NotFound:
            pass

    def volume(self, **options):
        volume = self.client.volumes.create(options.pop("name", self.name()), **options)
        self.addCleanup(self.remove_volume, volume.name)
        return volume

    def remove_volume(self, volume):
        try:
            self.api.remove_volume(volume, force=True)
        except docker.errors.NotFound:
            pass

    def until(self, what, look):
        """Asks until `look` answers something."""
        end = time.monotonic() + PATIENCE
        while True:
            found = look()
            if found:
                return found
            self.assertLess(time.monotonic(), end, f"waited for {what}")
            time.sleep(0.01)


def tar_of(**files):
    """A tar archive of these files."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            entry.mode = 0o644
            tar.addfile(entry, io.BytesIO(content))
    return archive.getvalue()


def untar(chunks):
    """The files of a tar archive that comes in chunks."""
    archive = tarfile.open(fileobj=io.BytesIO(b"".join(chunks)))
    return {
        entry.name: archive.extractfile(entry).read()
        for entry in archive.getmembers()
        if entry.isfile()
    }
