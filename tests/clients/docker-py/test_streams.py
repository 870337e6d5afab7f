import socket

from common import IMAGE, Case


class Streams(Case):
    def test_logs_of_both_streams(self):
        container = self.start(["sh", "-c", "echo out; echo err >&2"])
        container.wait()
        self.assertEqual(container.logs(stdout=True, stderr=False), b"out\n")
        self.assertEqual(container.logs(stdout=False, stderr=True), b"err\n")
        self.assertEqual(sorted(container.logs().split()), [b"err", b"out"])

    def test_logs_tail_and_timestamps(self):
        container = self.start(["sh", "-c", "echo one; echo two; echo three"])
        container.wait()
        self.assertEqual(container.logs(tail=2), b"two\nthree\n")
        stamp, text = container.logs(tail=1, timestamps=True).split(b" ")
        self.assertRegex(stamp, rb"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$")
        self.assertEqual(text, b"three\n")

    def test_logs_follow_until_the_end(self):
        container = self.start(["sh", "-c", "for n in 1 2 3; do echo $n; sleep 0.1; done"])
        self.assertEqual(b"".join(container.logs(stream=True, follow=True)), b"1\n2\n3\n")

    def test_logs_of_a_terminal_are_raw(self):
        container = self.start(["echo", "raw"], tty=True)
        container.wait()
        self.assertEqual(container.logs(), b"raw\r\n")

    def test_attach_streams_the_output(self):
        container = self.create(["sh", "-c", "echo out; echo err >&2"])
        output = container.attach(stream=True, demux=True, logs=False)
        container.start()
        said = list(output)
        self.assertEqual(b"".join(out for out, _ in said if out), b"out\n")
        self.assertEqual(b"".join(err for _, err in said if err), b"err\n")

    def test_end_of_input_by_half_close(self):
        created = self.api.create_container(
            IMAGE, ["sh", "-c", "cat; echo the end"], stdin_open=True, name=self.name()
        )
        self.addCleanup(self.remove, created["Id"])
        # The container's input ends with ours.
        self.assertTrue(self.api.inspect_container(created["Id"])["Config"]["StdinOnce"])
        connection = self.api.attach_socket(
            created["Id"], params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
        )
        self.api.start(created["Id"])
        connection._sock.sendall(b"typed\n")
        connection._sock.shutdown(socket.SHUT_WR)
        said = b""
        while chunk := connection._sock.recv(4096):
            said += chunk
        connection.close()
        self.assertEqual(payloads(said), b"typed\nthe end\n")
        self.assertEqual(self.api.wait(created["Id"])["StatusCode"], 0)

    def test_resize_of_a_terminal(self):
        container = self.create(
            ["sh", "-c", "read line; stty size"], tty=True, stdin_open=True
        )
        connection = container.attach_socket(params={"stdin": 1, "stdout": 1, "stream": 1})
        container.start()
        container.resize(height=29, width=111)
        connection._sock.sendall(b"\n")
        said = b""
        while chunk := connection._sock.recv(4096):
            said += chunk
        connection.close()
        self.assertIn(b"29 111", said)


def payloads(frames):
    """What Docker's frames carry: a byte for the stream, three of padding, four of length."""
    said = b""
    while frames:
        size = int.from_bytes(frames[4:8], "big")
        said += frames[8 : 8 + size]
        frames = frames[8 + size :]
    return said
