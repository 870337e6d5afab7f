//! `hello-world`: one program of a few hundred bytes, FROM scratch.

use super::{
    ProvisionError, elf,
    files::Files,
    image::{self, Recipe},
};
use crate::{ImageId, Store};

/// What it prints.
pub const MESSAGE: &str = "\
Hello from Drydock!

You see this, so your engine can run containers. What has just happened:

 1. `docker run` asked the engine for a container made from the image hello-world.
 2. The engine gave it a file system of its own, a process tree of its own and
    a host name of its own. In that file system there is one file: /hello.
 3. /hello became process 1 of the container, wrote this text, and ended.
    With its first process a container ends too.

The container is still there, only stopped. `docker ps -a` shows it.
Something bigger to try:

    docker run -it busybox sh
";

/// Makes the image; it has no name yet.
pub(super) fn make(store: &Store) -> Result<ImageId, ProvisionError> {
    let program = elf::printing(MESSAGE, elf::host_machine()).ok_or(ProvisionError::Machine)?;
    let mut files = Files::new();
    files.file("hello", 0o755, &program);
    let recipe = Recipe {
        cmd: &["/hello"],
        made_by: "COPY hello / # a program that prints one text",
    };
    image::make(store, &files.into_tar(), &recipe)
}
