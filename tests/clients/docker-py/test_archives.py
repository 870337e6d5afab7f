import docker

from common import Case, tar_of, untar


class Archives(Case):
    def test_put_then_get(self):
        container = self.create(["true"])
        self.assertTrue(container.put_archive("/tmp", tar_of(greeting=b"hello")))
        chunks, stat = container.get_archive("/tmp/greeting")
        self.assertEqual(untar(chunks), {"greeting": b"hello"})
        self.assertEqual((stat["name"], stat["size"]), ("greeting", 5))
        self.assertEqual(stat["mode"] & 0o777, 0o644)

    def test_put_into_a_running_container(self):
        container = self.start(["sleep", "600"])
        container.put_archive("/", tar_of(note=b"seen inside\n"))
        self.assertEqual(container.exec_run(["cat", "/note"]).output, b"seen inside\n")

    def test_get_of_a_directory_holds_its_files(self):
        container = self.start(["sh", "-c", "mkdir /d; echo 1 > /d/one; echo 2 > /d/two"])
        container.wait()
        chunks, stat = container.get_archive("/d")
        self.assertEqual(untar(chunks), {"d/one": b"1\n", "d/two": b"2\n"})
        self.assertEqual(stat["name"], "d")

    def test_links_are_told(self):
        container = self.start(["ln", "-s", "/bin/busybox", "/link"])
        container.wait()
        _, stat = container.get_archive("/link")
        self.assertEqual(stat["linkTarget"], "/bin/busybox")

    def test_what_is_not_there(self):
        container = self.create(["true"])
        with self.assertRaises(docker.errors.NotFound):
            container.get_archive("/nothing")
        with self.assertRaises(docker.errors.NotFound):
            container.put_archive("/nothing", tar_of(file=b""))

    def test_put_needs_a_directory(self):
        container = self.create(["true"])
        container.put_archive("/tmp", tar_of(file=b""))
        with self.assertRaises(docker.errors.APIError) as caught:
            container.put_archive("/tmp/file", tar_of(other=b""))
        # 400 since API 1.42 or so; Debian's 20.10 says 500.
        self.assertIn(caught.exception.status_code, (400, 500))
        self.assertIn("not a directory", caught.exception.explanation)

    def test_export_is_the_whole_file_system(self):
        container = self.start(["sh", "-c", "echo exported > /made"])
        container.wait()
        files = untar(container.export())
        self.assertEqual(files["made"], b"exported\n")
        self.assertTrue(any(name.startswith("bin/") for name in files))

    def test_diff(self):
        container = self.start(["sh", "-c", "echo new > /new; mkdir /d; rm /bin/true"])
        container.wait()
        changes = {change["Path"]: change["Kind"] for change in container.diff()}
        self.assertEqual(changes["/new"], 1)
        self.assertEqual(changes["/d"], 1)
        self.assertEqual(changes["/bin"], 0)
        self.assertEqual(changes["/bin/true"], 2)

    def test_diff_of_an_unchanged_one(self):
        self.assertFalse(self.create(["true"]).diff())
