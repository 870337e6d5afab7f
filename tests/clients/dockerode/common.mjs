// What the tests share: a client, names of their own, and removal of what they made.
//
// The suite asserts what Docker's own daemon does; it runs against one (DOCKER_HOST) as it does against a sandbox.

import { appendFileSync } from "node:fs";
import { basename } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import Docker from "dockerode";
import tar from "tar-stream";

export const IMAGE = "busybox";
const PATIENCE = 60_000;

export const docker = new Docker();

// Every call is noted, for the table of endpoints (tests/suite/clients/).
const calls = process.env.DRYDOCK_CALLS;
if (calls) {
  const dial = docker.modem.dial;
  docker.modem.dial = function (options, callback) {
    appendFileSync(calls, `${options.method} ${options.path} ${basename(process.argv[1])}\n`);
    return dial.call(this, options, callback);
  };
}

let count = 0;

/** A name that nothing else has. */
export const name = () => `clients-node-${process.pid}-${++count}`;

/** A container, removed after the test. */
export async function create(test, command, options = {}) {
  const container = await docker.createContainer({ name: name(), Image: IMAGE, Cmd: command, ...options });
  test.after(() => container.remove({ force: true, v: true }).catch(gone));
  return container;
}

export async function start(test, command, options) {
  const container = await create(test, command, options);
  await container.start();
  return container;
}

/** A volume, removed after the test. */
export async function volume(test, options = {}) {
  const made = await docker.createVolume({ Name: name(), ...options });
  const found = docker.getVolume(made.Name ?? made.name);
  test.after(() => found.remove({ force: true }).catch(gone));
  return found;
}

/** An image built from this Dockerfile, removed after the test; answers its name and the build's output. */
export async function build(test, dockerfile, options = {}) {
  const t = options.t ?? name();
  const output = await docker.buildImage(pack({ Dockerfile: dockerfile }), { ...options, t });
  removeImage(test, t);
  return { tag: t, log: await progress(output) };
}

export function removeImage(test, image) {
  test.after(() => docker.getImage(image).remove({ force: true }).catch(gone));
}

function gone(error) {
  if (error.statusCode !== 404) throw error;
}

/** Every line of a stream of JSON; fails when a line tells of an error. */
export async function progress(stream) {
  const lines = await new Promise((resolve, reject) =>
    docker.modem.followProgress(stream, (error, lines) => (error ? reject(error) : resolve(lines))),
  );
  const failed = lines.find((line) => line.error);
  if (failed) throw new Error(failed.error);
  return lines;
}

/** A tar archive of these files, as a stream. */
export function pack(files) {
  const archive = tar.pack();
  for (const [file, content] of Object.entries(files)) archive.entry({ name: file, mode: 0o644 }, content);
  archive.finalize();
  return archive;
}

/** The files of a tar stream. */
export async function unpack(stream) {
  const files = {};
  const archive = tar.extract();
  archive.on("entry", (entry, content, next) => {
    bytes(content).then((text) => {
      if (entry.type === "file") files[entry.name] = text;
      next();
    }, next);
  });
  const done = new Promise((resolve, reject) => archive.on("finish", resolve).on("error", reject));
  stream.pipe(archive);
  await done;
  return files;
}

/** All of a stream, as text. */
export async function bytes(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/** Both streams of a multiplexed stream, to its end. */
export async function demultiplexed(stream) {
  const [out, err] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, out, err);
  stream.on("end", () => {
    out.end();
    err.end();
  });
  const both = await Promise.all([bytes(out), bytes(err)]);
  // A connection is over when both ends have said so.
  stream.end?.();
  stream.destroy();
  return both;
}

/** Asks until `look` answers something. */
export async function until(what, look) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error(`waited for ${what}`);
    await delay(10);
  }
}
