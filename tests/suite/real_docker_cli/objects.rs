use super::{Desk, facts};

facts!(
    images_lists_what_there_is,
    tag_and_rmi_move_names_and_free_images,
    history_shows_the_steps,
    inspect_shows_configuration,
    named_volume_outlives_its_container,
    bind_mount_shows_a_directory_of_the_workstation,
    containers_reach_each_other_over_the_bridge,
    ids_are_content_addresses,
);

fn images_lists_what_there_is(desk: &Desk) {
    let table = desk.good(&["images"]);
    let heading: Vec<&str> = table.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(
        heading,
        ["REPOSITORY", "TAG", "IMAGE", "ID", "CREATED", "SIZE"]
    );
    assert!(
        table
            .lines()
            .any(|row| row.starts_with("busybox ") && row.contains(" latest ")),
        "{table}"
    );
    let size = desk.good(&["images", "--format", "{{.Size}}", "busybox"]);
    assert!(size.ends_with("MB") || size.ends_with("kB"), "{size}");
}

fn tag_and_rmi_move_names_and_free_images(desk: &Desk) {
    desk.write("Dockerfile", "FROM busybox\nRUN echo mine > /mine\n");
    desk.good(&["build", "-q", "-t", "mine", "."]);
    desk.good(&["tag", "mine", "registry.example:5000/team/mine:v1"]);
    let ids = desk.good(&["images", "-q", "--no-trunc"]);
    assert_eq!(
        ids.lines()
            .filter(|id| *id == desk.good(&["inspect", "-f", "{{.Id}}", "mine"]))
            .count(),
        2
    );
    assert_eq!(desk.good(&["rmi", "mine"]), "Untagged: mine:latest");
    let said = desk.good(&["rmi", "registry.example:5000/team/mine:v1"]);
    assert!(
        said.contains("Untagged: registry.example:5000/team/mine:v1")
            && said.contains("Deleted: sha256:"),
        "{said}"
    );
    let refused = desk.run(&["rmi", "mine"]).exits(1);
    assert!(
        refused.stderr.contains("No such image: mine"),
        "{}",
        refused.stderr
    );
}

fn history_shows_the_steps(desk: &Desk) {
    desk.write(
        "Dockerfile",
        "FROM busybox\nENV MODE=test\nRUN echo layer > /layer\nCMD [\"cat\", \"/layer\"]\n",
    );
    desk.good(&["build", "-q", "-t", "a", "."]);
    let rows = desk.good(&["history", "--no-trunc", "--format", "{{.CreatedBy}}", "a"]);
    let rows: Vec<&str> = rows.lines().collect();
    assert!(rows[0].contains("CMD [\"cat\" \"/layer\"]"), "{rows:?}");
    assert!(rows[1].contains("echo layer > /layer"), "{rows:?}");
    assert!(rows[2].contains("ENV MODE=test"), "{rows:?}");
    assert!(
        rows.len() > 3 || !desk.ours(),
        "the base image's own steps follow: {rows:?}"
    );
}

fn inspect_shows_configuration(desk: &Desk) {
    desk.write("Dockerfile", "FROM busybox\nLABEL owner=us\nEXPOSE 8080\nUSER nobody\nENTRYPOINT [\"echo\"]\nCMD [\"hi\"]\n");
    desk.good(&["build", "-q", "-t", "a", "."]);
    let show = |what: &str| desk.good(&["inspect", "-f", what, "a"]);
    assert_eq!(show("{{json .Config.Labels}}"), "{\"owner\":\"us\"}");
    assert_eq!(show("{{json .Config.ExposedPorts}}"), "{\"8080/tcp\":{}}");
    assert_eq!(
        show("{{.Config.User}} {{.Config.Entrypoint}} {{.Config.Cmd}}"),
        "nobody [echo] [hi]"
    );
    assert_eq!(show("{{.Os}}"), "linux");
    desk.good(&["run", "--name", "box", "-e", "A=1", "a", "there"]);
    let show = |what: &str| desk.good(&["inspect", "-f", what, "box"]);
    assert_eq!(
        show("{{.Path}} {{.Args}} {{.Config.Image}}"),
        "echo [there] a"
    );
    assert!(show("{{.Config.Env}}").starts_with("[A=1 PATH="));
    let missing = desk.run(&["inspect", "nothing-like-it"]).exits(1);
    assert!(
        missing.stderr.contains("No such object: nothing-like-it"),
        "{}",
        missing.stderr
    );
    assert_eq!(missing.stdout.trim(), "[]");
}

fn named_volume_outlives_its_container(desk: &Desk) {
    desk.good(&[
        "run",
        "--rm",
        "-v",
        "kept:/data",
        "busybox",
        "sh",
        "-c",
        "echo still here > /data/note",
    ]);
    assert_eq!(
        desk.good(&[
            "run",
            "--rm",
            "-v",
            "kept:/data",
            "busybox",
            "cat",
            "/data/note"
        ]),
        "still here"
    );
    assert_eq!(desk.good(&["volume", "ls", "-q"]), "kept");
    let place = desk.good(&["volume", "inspect", "-f", "{{.Mountpoint}}", "kept"]);
    assert!(place.ends_with("/volumes/kept/_data"), "{place}");
    let mount = [
        "run",
        "--rm",
        "--mount",
        "type=volume,source=kept,target=/data,readonly",
        "busybox",
        "touch",
        "/data/new",
    ];
    assert!(
        desk.run(&mount)
            .exits(1)
            .stderr
            .contains("Read-only file system")
    );
    assert_eq!(desk.good(&["volume", "rm", "kept"]), "kept");
    desk.run(&["volume", "inspect", "kept"]).exits(1);
}

fn bind_mount_shows_a_directory_of_the_workstation(desk: &Desk) {
    let folder = format!("/tmp/{}", crate::harness::unique("bind"));
    let bind = format!("{folder}:/shared");
    desk.good(&[
        "run",
        "--rm",
        "-v",
        &bind,
        "busybox",
        "sh",
        "-c",
        "echo written > /shared/note",
    ]);
    assert_eq!(
        desk.good(&[
            "run",
            "--rm",
            "-v",
            &format!("{bind}:ro"),
            "busybox",
            "cat",
            "/shared/note"
        ]),
        "written"
    );
    if desk.ours() {
        assert!(
            !std::path::Path::new(&folder).exists(),
            "it is a directory of the workstation, not of the host"
        );
    } else {
        std::fs::remove_dir_all(folder).unwrap();
    }
    let missing = [
        "run",
        "--rm",
        "--mount",
        "type=bind,source=/no/such/place,target=/x",
        "busybox",
        "true",
    ];
    let refused = desk.run(&missing).exits(125);
    assert!(
        refused
            .stderr
            .contains("bind source path does not exist: /no/such/place"),
        "{}",
        refused.stderr
    );
}

fn containers_reach_each_other_over_the_bridge(desk: &Desk) {
    desk.good(&[
        "run",
        "-d",
        "--name",
        "web",
        "busybox",
        "sh",
        "-c",
        "mkdir /www; echo reached > /www/index.html; httpd -f -p 80 -h /www",
    ]);
    let address = desk.good(&["inspect", "-f", "{{.NetworkSettings.IPAddress}}", "web"]);
    assert!(address.starts_with("172.17."), "{address}");
    let script = format!("until wget -q -O - http://{address}/; do sleep 0.05; done");
    assert_eq!(
        desk.good(&["run", "--rm", "busybox", "sh", "-c", &script]),
        "reached"
    );
    let own = desk.good(&["run", "--rm", "busybox", "hostname", "-i"]);
    assert!(own.starts_with("172.17.") && own != address, "{own}");
}

fn ids_are_content_addresses(desk: &Desk) {
    let id = desk.good(&["inspect", "-f", "{{.Id}}", "busybox"]);
    assert!(id.starts_with("sha256:") && id.len() == 71, "{id}");
    let layers = desk.good(&[
        "inspect",
        "-f",
        "{{range .RootFS.Layers}}{{.}}\n{{end}}",
        "busybox",
    ]);
    assert!(
        layers
            .lines()
            .all(|layer| layer.starts_with("sha256:") && layer.len() == 71),
        "{layers}"
    );
    desk.write("Dockerfile", "FROM busybox\nRUN echo on top > /top\n");
    desk.good(&["build", "-q", "-t", "a", "."]);
    let above = desk.good(&[
        "inspect",
        "-f",
        "{{range .RootFS.Layers}}{{.}}\n{{end}}",
        "a",
    ]);
    assert!(
        above.starts_with(&layers) && above.lines().count() == layers.lines().count() + 1,
        "{above}"
    );
}
