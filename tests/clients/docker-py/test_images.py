import docker

from common import IMAGE, Case


class Images(Case):
    def test_list_filters(self):
        image, _ = self.image(f"FROM {IMAGE}\nLABEL clients={self.id()}\n")
        by_label = self.client.images.list(filters={"label": f"clients={self.id()}"})
        self.assertEqual([found.id for found in by_label], [image.id])
        by_name = self.client.images.list(name=IMAGE)
        self.assertIn(f"{IMAGE}:latest", by_name[0].tags)
        self.assertEqual(self.client.images.list(name="clients-nothing"), [])

    def test_inspect_and_history(self):
        image, _ = self.image(f"FROM {IMAGE}\nENV COLOUR=blue\nCMD [\"echo\", \"hello\"]\n")
        self.assertIn("COLOUR=blue", image.attrs["Config"]["Env"])
        self.assertEqual(image.attrs["Config"]["Cmd"], ["echo", "hello"])
        self.assertEqual(image.attrs["Os"], "linux")
        history = image.history()
        self.assertIn("COLOUR=blue", history[1]["CreatedBy"])
        self.assertEqual(history[0]["Id"], image.id)
        self.assertEqual(history[0]["Size"], 0)

    def test_tag_and_remove(self):
        image, _ = self.image(f"FROM {IMAGE}\nLABEL of={self.id()}\n")
        other = self.name()
        self.assertTrue(image.tag(other, "v1"))
        image.reload()
        self.assertIn(f"{other}:v1", image.tags)
        untagged = self.api.remove_image(f"{other}:v1")
        self.assertEqual(untagged, [{"Untagged": f"{other}:v1"}])
        deleted = self.api.remove_image(image.tags[0])
        self.assertIn({"Deleted": image.id}, deleted)
        with self.assertRaises(docker.errors.ImageNotFound):
            self.client.images.get(image.id)

    def test_build_tells_its_steps(self):
        image, log = self.image(f"FROM {IMAGE}\nRUN echo from the build\n")
        said = "".join(line.get("stream", "") for line in log)
        self.assertIn("Step 1/2", said)
        self.assertIn("from the build\n", said)
        self.assertIn("Successfully built", said)
        self.assertTrue(image.id.startswith("sha256:"))

    def test_build_that_fails_names_the_exit_code(self):
        with self.assertRaises(docker.errors.BuildError) as caught:
            self.image(f"FROM {IMAGE}\nRUN exit 7\n")
        self.assertIn("returned a non-zero code: 7", caught.exception.msg)

    def test_build_args_and_labels(self):
        image, _ = self.image(
            f"FROM {IMAGE}\nARG WHO\nRUN echo $WHO > /who\n",
            buildargs={"WHO": "me"},
            labels={"clients": "yes"},
        )
        self.assertEqual(image.labels["clients"], "yes")
        said = self.client.containers.run(image, ["cat", "/who"], remove=True)
        self.assertEqual(said, b"me\n")

    def test_save_and_load_keep_the_id(self):
        image, _ = self.image(f"FROM {IMAGE}\nRUN echo {self.id()} > /made\n")
        tag = image.tags[0]
        saved = b"".join(image.save(named=True))
        self.remove_image(image.id)
        loaded = self.client.images.load(saved)
        self.assertEqual([found.id for found in loaded], [image.id])
        self.assertEqual(self.client.images.get(tag).id, image.id)

    def test_import_makes_an_image_of_a_file_system(self):
        container = self.create(["true"])
        repository = self.name()
        self.addCleanup(self.remove_image, repository)
        archive = b"".join(container.export())
        self.api.import_image_from_data(archive, repository=repository, tag="latest")
        said = self.client.containers.run(repository, ["echo", "imported"], remove=True)
        self.assertEqual(said, b"imported\n")

    def test_commit(self):
        container = self.start(["sh", "-c", "echo kept > /kept"])
        container.wait()
        repository = self.name()
        self.addCleanup(self.remove_image, repository)
        image = container.commit(repository, "v1", message="why", changes='CMD ["cat", "/kept"]')
        self.assertEqual(image.tags, [f"{repository}:v1"])
        self.assertEqual(image.attrs["Comment"], "why")
        self.addCleanup(self.remove_image, image.id)
        self.assertEqual(self.client.containers.run(image, remove=True), b"kept\n")

    def test_pull_of_what_nobody_has_is_refused(self):
        with self.assertRaises(docker.errors.APIError) as caught:
            self.client.images.pull("localhost:1/clients/nothing", "v1")
        self.assertGreaterEqual(caught.exception.status_code, 400)

    def test_prune_takes_only_the_dangling(self):
        label = self.name()
        tag = self.name()
        first, _ = self.image(f"FROM {IMAGE}\nLABEL prune={label}\nENV A=1\n", tag=tag)
        second, _ = self.image(f"FROM {IMAGE}\nLABEL prune={label}\nENV A=2\n", tag=tag)
        pruned = self.client.images.prune(filters={"label": [f"prune={label}"], "dangling": True})
        self.assertIn({"Deleted": first.id}, pruned["ImagesDeleted"])
        self.assertEqual(self.client.images.get(tag).id, second.id)
