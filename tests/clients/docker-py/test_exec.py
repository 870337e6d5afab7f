from common import Case


class Exec(Case):
    def setUp(self):
        self.container = self.start(["sleep", "600"])

    def test_output_and_exit_code(self):
        code, said = self.container.exec_run(["sh", "-c", "echo out; exit 3"])
        self.assertEqual((code, said), (3, b"out\n"))

    def test_streams_apart(self):
        code, (out, err) = self.container.exec_run(["sh", "-c", "echo out; echo err >&2"], demux=True)
        self.assertEqual((code, out, err), (0, b"out\n", b"err\n"))

    def test_user_directory_environment(self):
        code, said = self.container.exec_run(
            ["sh", "-c", "id -u; pwd; echo $COLOUR"],
            user="1000",
            workdir="/tmp",
            environment={"COLOUR": "blue"},
        )
        self.assertEqual((code, said), (0, b"1000\n/tmp\nblue\n"))

    def test_detached(self):
        exec_id = self.api.exec_create(self.container.id, ["sh", "-c", "echo done > /done; exit 4"])["Id"]
        self.assertFalse(self.api.exec_start(exec_id, detach=True))
        self.until("the exec's end", lambda: not self.api.exec_inspect(exec_id)["Running"])
        self.assertEqual(self.api.exec_inspect(exec_id)["ExitCode"], 4)
        self.assertEqual(self.container.exec_run(["cat", "/done"]).output, b"done\n")

    def test_tty_has_the_size_that_was_asked(self):
        exec_id = self.api.exec_create(
            self.container.id, ["sh", "-c", "read line; stty size; test -t 0"], stdin=True, tty=True
        )["Id"]
        connection = self.api.exec_start(exec_id, tty=True, socket=True)
        self.api.exec_resize(exec_id, height=31, width=97)
        connection._sock.sendall(b"\n")
        said = b""
        while chunk := connection._sock.recv(4096):
            said += chunk
        connection.close()
        self.assertIn(b"31 97", said)
        self.assertEqual(self.api.exec_inspect(exec_id)["ExitCode"], 0)

    def test_inspect(self):
        exec_id = self.api.exec_create(self.container.id, ["true"], user="0", privileged=False)["Id"]
        found = self.api.exec_inspect(exec_id)
        self.assertEqual(found["ContainerID"], self.container.id)
        self.assertEqual(found["ProcessConfig"]["entrypoint"], "true")
        self.assertFalse(found["Running"])
        self.assertIsNone(found["ExitCode"])

    def test_command_that_is_not_there(self):
        code, said = self.container.exec_run(["nothing-of-this-name"])
        # Daemons before 28 say 126.
        self.assertIn(code, (126, 127))
        self.assertIn(b"executable file not found in $PATH", said)
