import time

from common import Case


class Events(Case):
    def test_the_life_of_a_container(self):
        since = int(time.time())
        container = self.start(["false"])
        container.wait()
        container.remove()
        seen = self.events(since, type="container", container=container.id)
        self.assertEqual([event["Action"] for event in seen], ["create", "start", "die", "destroy"])
        die = seen[2]["Actor"]["Attributes"]
        self.assertEqual(die["exitCode"], "1")
        self.assertEqual(die["name"], container.name)

    def events(self, since, **filters):
        # Until the second after this one: it must have begun before everything is told.
        stream = self.client.events(since=since, until=int(time.time()) + 1, filters=filters, decode=True)
        return list(stream)

    def test_live_and_filtered(self):
        label = self.name()
        stream = self.client.events(decode=True, filters={"label": f"clients={label}", "event": ["start", "die"]})
        self.start(["true"]).wait()
        container = self.start(["true"], labels={"clients": label})
        seen = [next(stream), next(stream)]
        stream.close()
        self.assertEqual([event["Action"] for event in seen], ["start", "die"])
        self.assertEqual({event["Actor"]["ID"] for event in seen}, {container.id})

    def test_volumes_tell_too(self):
        since = int(time.time())
        volume = self.volume()
        volume.remove()
        seen = self.events(since, type="volume", volume=volume.name)
        self.assertEqual([event["Action"] for event in seen], ["create", "destroy"])
