import docker
from docker.types import Ulimit

from common import IMAGE, Case


class Containers(Case):
    def test_run_gives_the_output(self):
        said = self.client.containers.run(IMAGE, ["echo", "hello"], remove=True)
        self.assertEqual(said, b"hello\n")

    def test_run_that_fails_raises_with_the_output(self):
        with self.assertRaises(docker.errors.ContainerError) as caught:
            self.client.containers.run(IMAGE, ["sh", "-c", "echo bad >&2; exit 3"], remove=True)
        self.assertEqual(caught.exception.exit_status, 3)
        self.assertEqual(caught.exception.stderr, b"bad\n")

    def test_create_keeps_what_was_asked(self):
        container = self.create(
            ["sleep", "600"],
            environment={"COLOUR": "blue"},
            labels={"clients": "yes"},
            hostname="box",
            working_dir="/tmp",
            user="1000",
            entrypoint=["env"],
            stop_signal="SIGINT",
        )
        self.assertEqual(container.status, "created")
        config = container.attrs["Config"]
        self.assertIn("COLOUR=blue", config["Env"])
        self.assertEqual(config["Labels"]["clients"], "yes")
        self.assertEqual(config["Hostname"], "box")
        self.assertEqual(config["WorkingDir"], "/tmp")
        self.assertEqual(config["User"], "1000")
        self.assertEqual(config["Entrypoint"], ["env"])
        self.assertEqual(config["StopSignal"], "SIGINT")

    def test_wait_gives_the_exit_code(self):
        container = self.start(["sh", "-c", "exit 42"])
        self.assertEqual(container.wait()["StatusCode"], 42)
        container.reload()
        self.assertEqual(container.status, "exited")
        self.assertEqual(container.attrs["State"]["ExitCode"], 42)

    def test_wait_for_removal(self):
        container = self.start(["true"], auto_remove=True)
        try:
            self.assertEqual(container.wait(condition="removed")["StatusCode"], 0)
        except docker.errors.NotFound:
            pass
        self.until("removal", lambda: not self.listed(container))

    def listed(self, container):
        found = self.client.containers.list(all=True, filters={"id": container.id}, ignore_removed=True)
        return [each.id for each in found]

    def test_list_filters(self):
        label = self.name()
        running = self.start(["sleep", "600"], labels={"clients": label})
        ended = self.start(["false"], labels={"clients": label})
        ended.wait()

        def ids(**filters):
            filters["label"] = f"clients={label}"
            found = self.client.containers.list(all=True, filters=filters, ignore_removed=True)
            return [container.id for container in found]

        self.assertEqual(ids(), [ended.id, running.id])
        self.assertEqual(ids(status="running"), [running.id])
        self.assertEqual(ids(status="exited"), [ended.id])
        self.assertEqual(ids(exited=1), [ended.id])
        self.assertEqual(ids(exited=2), [])
        self.assertEqual(ids(name=running.name), [running.id])
        self.assertEqual(ids(ancestor=IMAGE), [ended.id, running.id])
        self.assertEqual(ids(since=running.id), [ended.id])
        self.assertEqual(ids(before=ended.id), [running.id])
        self.assertEqual(len(self.client.containers.list(all=True, limit=1)), 1)

    def test_stop_ends_with_the_signal(self):
        container = self.start(["sh", "-c", "trap 'exit 5' TERM; touch /ready; while true; do sleep 0.05; done"])
        self.until("the trap", lambda: container.exec_run(["test", "-e", "/ready"]).exit_code == 0)
        container.stop(timeout=20)
        self.assertEqual(container.wait()["StatusCode"], 5)

    def test_kill(self):
        container = self.start(["sleep", "600"])
        container.kill()
        self.assertEqual(container.wait()["StatusCode"], 137)

    def test_restart_is_another_process(self):
        container = self.start(["sleep", "600"])
        container.reload()
        before = container.attrs["State"]
        container.restart(timeout=0)
        container.reload()
        after = container.attrs["State"]
        self.assertTrue(after["Running"])
        self.assertNotEqual((before["Pid"], before["StartedAt"]), (after["Pid"], after["StartedAt"]))

    def test_rename(self):
        container = self.create(["true"])
        name = self.name()
        container.rename(name)
        self.assertEqual(self.client.containers.get(name).id, container.id)

    def test_top_names_the_processes(self):
        container = self.start(["sleep", "600"])
        top = container.top()
        command = top["Titles"].index("CMD")
        self.assertEqual([process[command] for process in top["Processes"]], ["sleep 600"])
        self.assertEqual(container.top(ps_args="-o pid,args")["Titles"], ["PID", "COMMAND"])

    def test_stats(self):
        container = self.start(["sh", "-c", "while true; do :; done"])
        once = container.stats(stream=False)
        self.assertEqual(once["id"], container.id)
        self.assertGreater(once["memory_stats"]["usage"], 0)
        self.assertGreaterEqual(once["pids_stats"]["current"], 1)
        stream = container.stats(stream=True, decode=True)
        first, second = next(stream), next(stream)
        self.assertGreater(
            second["cpu_stats"]["cpu_usage"]["total_usage"],
            first["cpu_stats"]["cpu_usage"]["total_usage"],
        )
        self.assertLess(first["read"], second["read"])

    def test_pause_holds_and_unpause_goes_on(self):
        container = self.start(["sleep", "600"])
        container.pause()
        container.reload()
        self.assertEqual(container.status, "paused")
        with self.assertRaises(docker.errors.APIError) as caught:
            container.exec_run(["true"])
        self.assertEqual(caught.exception.status_code, 409)
        container.unpause()
        container.reload()
        self.assertEqual(container.status, "running")
        self.assertEqual(container.exec_run(["true"]).exit_code, 0)

    def test_update(self):
        container = self.start(["sleep", "600"], mem_limit="64m", memswap_limit="64m")
        container.update(mem_limit="96m", memswap_limit="96m", restart_policy={"Name": "on-failure", "MaximumRetryCount": 3})
        container.reload()
        config = container.attrs["HostConfig"]
        self.assertEqual(config["Memory"], 96 << 20)
        self.assertEqual(config["RestartPolicy"], {"Name": "on-failure", "MaximumRetryCount": 3})

    def test_ulimits_and_read_only(self):
        container = self.start(
            ["sh", "-c", "ulimit -n; touch /file; touch /tmp/file && echo written"],
            ulimits=[Ulimit(name="nofile", soft=77, hard=77)],
            read_only=True,
            tmpfs={"/tmp": ""},
        )
        container.wait()
        said = container.logs(stdout=True, stderr=False)
        self.assertEqual(said, b"77\nwritten\n")

    def test_size_of_what_was_written(self):
        container = self.start(["sh", "-c", "head -c 4096 /dev/zero > /written"])
        container.wait()
        listed = self.api.containers(all=True, size=True, filters={"id": container.id})[0]
        self.assertEqual(listed["SizeRw"], 4096)
        self.assertGreater(listed["SizeRootFs"], 4096)

    def test_prune_takes_the_stopped(self):
        label = self.name()
        running = self.start(["sleep", "600"], labels={"prune": label})
        ended = self.start(["true"], labels={"prune": label})
        ended.wait()
        pruned = self.client.containers.prune(filters={"label": f"prune={label}"})
        self.assertEqual(pruned["ContainersDeleted"], [ended.id])
        self.assertEqual(self.client.containers.get(running.id).status, "running")

    def test_remove_of_a_running_one_takes_force(self):
        container = self.start(["sleep", "600"])
        with self.assertRaises(docker.errors.APIError) as caught:
            container.remove()
        self.assertEqual(caught.exception.status_code, 409)
        container.remove(force=True)
        with self.assertRaises(docker.errors.NotFound):
            self.client.containers.get(container.id)
