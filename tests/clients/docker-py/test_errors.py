import docker

from common import IMAGE, Case


class Errors(Case):
    """Docker's status and words arrive as this library's own exceptions."""

    def refused(self, status, call, *args, **options):
        with self.assertRaises(docker.errors.APIError) as caught:
            call(*args, **options)
        self.assertEqual(caught.exception.status_code, status, caught.exception)
        return caught.exception.explanation

    def test_no_such_container(self):
        with self.assertRaises(docker.errors.NotFound) as caught:
            self.client.containers.get("clients-nothing")
        self.assertEqual(caught.exception.explanation, "No such container: clients-nothing")

    def test_no_such_image(self):
        with self.assertRaises(docker.errors.ImageNotFound) as caught:
            self.api.create_container("clients-nothing", ["true"])
        self.assertEqual(caught.exception.explanation, "No such image: clients-nothing:latest")

    def test_no_such_volume(self):
        said = self.refused(404, self.client.volumes.get, "clients-nothing")
        self.assertIn("clients-nothing", said)
        self.assertIn("o such volume", said)

    def test_no_such_network(self):
        said = self.refused(404, self.client.networks.get, "clients-nothing")
        self.assertEqual(said, "network clients-nothing not found")

    def test_no_such_exec(self):
        said = self.refused(404, self.api.exec_inspect, "0" * 64)
        self.assertIn("No such exec instance", said)

    def test_name_in_use(self):
        container = self.create(["true"])
        said = self.refused(409, self.client.containers.create, IMAGE, ["true"], name=container.name)
        self.assertTrue(
            said.startswith(f'Conflict. The container name "/{container.name}" is already in use by container "{container.id}"'),
            said,
        )

    def test_invalid_name(self):
        said = self.refused(400, self.client.containers.create, IMAGE, ["true"], name="a name")
        self.assertEqual(
            said, "Invalid container name (a name), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed"
        )

    def test_not_running(self):
        container = self.create(["true"])
        said = self.refused(409, container.kill)
        self.assertIn("is not running", said)
        said = self.refused(409, container.exec_run, ["true"])
        self.assertEqual(said, f"Container {container.id} is not running")

    def test_image_in_use(self):
        image, _ = self.image(f"FROM {IMAGE}\nLABEL used=yes\n")
        container = self.client.containers.create(image, ["true"], name=self.name())
        self.addCleanup(self.remove, container.id)
        said = self.refused(409, self.api.remove_image, image.id)
        self.assertIn("conflict: unable to delete", said)

    def test_invalid_filter(self):
        said = self.refused(400, self.client.containers.list, filters={"nonsense": "1"})
        self.assertIn("nonsense", said)

    def test_not_a_swarm(self):
        said = self.refused(503, self.client.services.list)
        self.assertTrue(said.startswith("This node is not a swarm manager."), said)

    def test_command_that_is_not_there(self):
        container = self.create(["nothing-of-this-name"])
        said = self.refused(400, container.start)
        self.assertIn('exec: "nothing-of-this-name": executable file not found in $PATH', said)
        container.reload()
        self.assertEqual(container.attrs["State"]["ExitCode"], 127)

    def test_start_twice_is_no_error(self):
        container = self.start(["sleep", "600"])
        container.start()
        container.stop(timeout=0)
        container.stop(timeout=0)
