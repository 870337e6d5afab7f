import assert from "node:assert/strict";
import test from "node:test";
import { bytes, create, demultiplexed, start, until } from "./common.mjs";

test("exec: streams apart, exit code", async (t) => {
  const container = await start(t, ["sleep", "600"]);
  const exec = await container.exec({ Cmd: ["sh", "-c", "echo out; echo err >&2; exit 3"], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true });
  assert.deepEqual(await demultiplexed(stream), ["out\n", "err\n"]);
  const found = await exec.inspect();
  assert.equal(found.ExitCode, 3);
  assert.equal(found.Running, false);
});

test("exec: without a hijack the output is the body", async (t) => {
  const container = await start(t, ["sleep", "600"]);
  const exec = await container.exec({ Cmd: ["echo", "body"], AttachStdout: true });
  const stream = await exec.start({});
  assert.deepEqual(await demultiplexed(stream), ["body\n", ""]);
});

test("exec: input ends with a half close", async (t) => {
  const container = await start(t, ["sleep", "600"]);
  const exec = await container.exec({ Cmd: ["sh", "-c", "cat; echo the end"], AttachStdin: true, AttachStdout: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  stream.end("typed\n");
  assert.deepEqual(await demultiplexed(stream), ["typed\nthe end\n", ""]);
});

test("exec: a terminal of the size asked for", async (t) => {
  const container = await start(t, ["sleep", "600"]);
  const exec = await container.exec({ Cmd: ["sh", "-c", "read line; stty size"], AttachStdin: true, AttachStdout: true, Tty: true });
  const stream = await exec.start({ hijack: true, stdin: true, Tty: true });
  await exec.resize({ h: 31, w: 97 });
  stream.write("\n");
  assert.match(await bytes(stream), /31 97/);
});

test("exec: detached", async (t) => {
  const container = await start(t, ["sleep", "600"]);
  const exec = await container.exec({ Cmd: ["sh", "-c", "exit 4"] });
  (await exec.start({ Detach: true })).destroy();
  await until("the exec's end", async () => !(await exec.inspect()).Running);
  assert.equal((await exec.inspect()).ExitCode, 4);
});

test("logs of both streams, and only the last", async (t) => {
  const container = await start(t, ["sh", "-c", "echo one; echo two; echo err >&2"]);
  await container.wait();
  const frames = await container.logs({ stdout: true, stderr: false });
  assert.deepEqual(payloads(frames), [[1, "one\n"], [1, "two\n"]]);
  const last = await container.logs({ stdout: true, stderr: false, tail: 1, timestamps: true });
  assert.match(payloads(last)[0][1], /^\d{4}-\d\d-\d\dT[\d:.]+Z two\n$/);
});

function payloads(frames) {
  const found = [];
  for (let at = 0; at < frames.length; ) {
    const size = frames.readUInt32BE(at + 4);
    found.push([frames[at], frames.subarray(at + 8, at + 8 + size).toString()]);
    at += 8 + size;
  }
  return found;
}

test("logs follow until the end", async (t) => {
  const container = await start(t, ["sh", "-c", "for n in 1 2 3; do echo $n; sleep 0.1; done"]);
  const stream = await container.logs({ follow: true, stdout: true, stderr: true });
  assert.deepEqual(await demultiplexed(stream), ["1\n2\n3\n", ""]);
});

test("attach with input and a half close", async (t) => {
  const container = await create(t, ["sh", "-c", "cat; echo the end >&2"], { OpenStdin: true, StdinOnce: true });
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
  await container.start();
  const said = demultiplexed(stream);
  stream.end("typed\n");
  assert.deepEqual(await said, ["typed\n", "the end\n"]);
  assert.equal((await container.wait()).StatusCode, 0);
});

test("attach replays the logs", async (t) => {
  const container = await start(t, ["sh", "-c", "echo before; sleep 600"]);
  await until("the log", async () => (await container.logs({ stdout: true })).length > 0);
  const stream = await container.attach({ stream: true, logs: true, stdout: true, stderr: true });
  const said = demultiplexed(stream);
  await container.kill();
  assert.deepEqual(await said, ["before\n", ""]);
});

test("a terminal is raw, and resizes", async (t) => {
  const container = await create(t, ["sh", "-c", "read line; stty size"], { OpenStdin: true, Tty: true });
  const stream = await container.attach({ stream: true, stdin: true, stdout: true, hijack: true });
  await container.start();
  await container.resize({ h: 29, w: 111 });
  stream.write("\n");
  assert.match(await bytes(stream), /29 111/);
});
