import unittest

from common import IMAGE, Case


class System(Case):
    def test_ping(self):
        self.assertTrue(self.client.ping())

    def test_version_names_the_api(self):
        version = self.client.version()
        self.assertEqual(version["Os"], "linux")
        self.assertLessEqual(
            tuple(map(int, version["MinAPIVersion"].split("."))),
            tuple(map(int, self.api.api_version.split("."))),
        )

    def test_info_counts_containers(self):
        before = self.client.info()
        self.start(["sleep", "600"])
        after = self.client.info()
        self.assertGreaterEqual(after["Containers"], 1)
        self.assertGreaterEqual(after["ContainersRunning"], 1)
        self.assertEqual(before["ID"], after["ID"])
        self.assertEqual(after["OSType"], "linux")

    def test_df_knows_what_there_is(self):
        container = self.start(["sleep", "600"])
        volume = self.volume()
        usage = self.client.df()
        self.assertIn(container.id, [found["Id"] for found in usage["Containers"]])
        self.assertIn(volume.name, [found["Name"] for found in usage["Volumes"]])
        self.assertIn(f"{IMAGE}:latest", sum([found["RepoTags"] or [] for found in usage["Images"]], []))

    def test_networks_that_are_always_there(self):
        names = {network.name for network in self.client.networks.list()}
        self.assertLessEqual({"bridge", "host", "none"}, names)
        bridge = self.client.networks.get("bridge")
        self.assertEqual(bridge.attrs["Driver"], "bridge")
        self.assertEqual(bridge.attrs["Scope"], "local")

    def test_no_plugins(self):
        self.assertEqual(self.client.plugins.list(), [])


if __name__ == "__main__":
    unittest.main()
