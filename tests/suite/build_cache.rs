//! Builds of the sandbox's own `docker`: what comes from the cache and why not, what goes on side by side, what is left.

use crate::harness::need::needs;
use crate::harness::shell::script;

/// Runs a script in an empty directory of a new sandbox.
fn said(text: &str) -> String {
    script(&format!("set -e; mkdir /tmp/app; cd /tmp/app\n{text}")).good()
}

/// Prints `NAME: hit` or `NAME: miss` for each step, by what `--progress plain` says of it.
const STEPS: &str = r#"
steps() {
    docker build --progress plain "$@" . 2> log || { cat log; exit 1; }
    awk '/^#[0-9]+ \[[^i]/ { name[$1] = $0; sub(/^#[0-9]+ \[[^]]*\] /, "", name[$1]) }
         /^#[0-9]+ (CACHED|DONE)/ { if ($1 in name && name[$1] !~ /^FROM/) print name[$1] ": " ($2 == "CACHED" ? "hit" : "miss") }' log
}
"#;

#[test]
fn content_mode_and_first_use_of_an_argument_decide_and_times_do_not() {
    needs!(UserNamespaces);
    let said = said(&format!(
        "{STEPS}
        printf 'FROM busybox\\nCOPY a /\\nRUN true\\nARG V=1\\nRUN echo $V\\n' > Dockerfile
        echo 1 > a
        steps > /dev/null
        touch -d 2001-01-01 a; echo touched; steps
        chmod 600 a; echo mode; steps
        echo argument; steps --build-arg V=2
        echo 2 > a; echo content; steps
        echo 1 > a; echo back; steps
        echo asked; steps --no-cache"
    ));
    let expected = "touched\nCOPY a /: hit\nRUN true: hit\nRUN echo 1: hit\n\
                    mode\nCOPY a /: miss\nRUN true: miss\nRUN echo 1: miss\n\
                    argument\nCOPY a /: hit\nRUN true: hit\nRUN echo 2: miss\n\
                    content\nCOPY a /: miss\nRUN true: miss\nRUN echo 1: miss\n\
                    back\nCOPY a /: hit\nRUN true: hit\nRUN echo 1: hit\n\
                    asked\nCOPY a /: miss\nRUN true: miss\nRUN echo 1: miss\n";
    assert_eq!(said, expected);
}

#[test]
fn explain_names_the_file_the_argument_and_the_step_that_are_the_reason() {
    needs!(UserNamespaces);
    let said = said(
        "printf 'FROM busybox\\nCOPY . /app\\nRUN echo installed\\nARG V=1\\nRUN echo $V\\n' > Dockerfile
        echo 1 > app.py
        docker build -q . > /dev/null
        echo 2 > app.py
        docker build --explain . 2>&1 | grep -A1 MISS
        echo ---
        docker build --explain --build-arg V=2 . 2>&1 | grep -A1 MISS
        echo ---
        docker builder prune -af > /dev/null
        docker build --explain . 2>&1 | grep -A1 'COPY.*MISS'",
    );
    let parts: Vec<&str> = said.split("---\n").collect();
    assert!(parts[0].contains("app.py changed"), "{said}");
    assert!(
        parts[0].contains("a step above it ran again: COPY . /app"),
        "{said}"
    );
    assert!(!parts[1].contains("app.py"), "{said}");
    assert!(
        parts[1].contains("V has another value") || parts[1].contains("argument V"),
        "{said}"
    );
    assert!(parts[2].contains("first"), "{said}");
}

#[test]
fn stages_go_side_by_side_and_those_that_nobody_needs_not_at_all() {
    needs!(UserNamespaces);
    // Each waits for the other: one after the other they would never end.
    let wait = |own: &str, other: &str| {
        format!(
            "RUN --mount=type=cache,target=/meet touch /meet/{own}; n=0; until [ -e /meet/{other} ]; do n=$((n+1)); [ $n -lt 100 ] || exit 9; sleep 0.1; done"
        )
    };
    let said = said(&format!(
        "cat > Dockerfile <<'END'
FROM busybox AS one
{}
FROM busybox AS two
{}
FROM busybox AS never
RUN exit 7
FROM busybox
COPY --from=one /etc/passwd /one
COPY --from=two /etc/passwd /two
END
        docker build -q -t side . > /dev/null && docker run --rm side ls / | grep -c '^one$\\|^two$'",
        wait("one", "two"),
        wait("two", "one"),
    ));
    assert_eq!(said, "2\n");
}

#[test]
fn a_step_that_two_stages_have_in_common_is_done_once() {
    needs!(UserNamespaces);
    let said = said(
        "cat > Dockerfile <<'END'
FROM busybox AS one
RUN sleep 0.3; cat /proc/sys/kernel/random/uuid > /id
FROM busybox AS two
RUN sleep 0.3; cat /proc/sys/kernel/random/uuid > /id
FROM busybox
COPY --from=one /id /one
COPY --from=two /id /two
RUN cmp /one /two && echo same > /same
END
        docker build -q --no-cache -t same . > /dev/null && docker run --rm same cat /same",
    );
    assert_eq!(said, "same\n");
}

#[test]
fn a_secret_and_a_cache_mount_leave_nothing_in_the_image() {
    needs!(UserNamespaces);
    let said = said(
        "cat > Dockerfile <<'END'
FROM busybox
RUN --mount=type=secret,id=key --mount=type=cache,target=/var/cache/x cat /run/secrets/key > /dev/null && echo $(cat /var/cache/x/n 2>/dev/null) again >> /var/cache/x/n && wc -l < /var/cache/x/n > /count
RUN --mount=type=secret,id=key,env=KEY test ${#KEY} = 4
END
        printf q7z4 > /tmp/key
        docker build -q --secret id=key,src=/tmp/key -t s . > /dev/null
        docker run --rm s cat /count
        docker build -q --no-cache --secret id=key,src=/tmp/key -t s . > /dev/null
        docker run --rm s cat /count
        docker save s | grep -c q7z4 || true
        docker history --no-trunc s | grep -c q7z4 || true
        docker run --rm s sh -c 'ls -d /run /var/cache/x' 2>&1 | grep -c 'No such file'
        docker build -q . 2>&1 | grep -o 'secret key: not found' || echo optional",
    );
    assert_eq!(said, "1\n2\n0\n0\n2\noptional\n");
}

#[test]
fn an_epoch_gives_the_same_image_twice() {
    needs!(UserNamespaces);
    let said = said(
        "printf 'FROM busybox\\nRUN date > /dev/null; mkdir /d; echo x > /d/f\\nCOPY a /\\nENV A=1\\n' > Dockerfile
        echo a > a
        build() { docker build -q --no-cache --build-arg SOURCE_DATE_EPOCH=1000000000 .; }
        build; sleep 1; touch a; build
        docker image inspect -f '{{.Created}}' $(build)",
    );
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], lines[1]);
    assert_eq!(lines[2], "2001-09-09T01:46:40Z");
}

#[test]
fn a_step_that_fills_the_disk_fails_alone_and_leaves_nothing() {
    needs!(UserNamespaces);
    let said = said(&format!(
        "{STEPS}
        printf 'FROM busybox\\nRUN echo kept > /kept\\nRUN head -c 2000000000 /dev/zero > /large\\n' > Dockerfile
        docker build . > log 2>&1 && exit 1
        grep -c 'No space left\\|no space left' log
        df -m / | awk 'NR == 2 {{ print ($3 < 50 ? \"free\" : $0) }}'
        printf 'FROM busybox\\nRUN echo kept > /kept\\n' > Dockerfile
        steps"
    ));
    let (count, rest) = said.split_once('\n').unwrap_or_default();
    assert!(count.parse::<u32>().is_ok_and(|count| count > 0), "{said}");
    assert_eq!(rest, "free\nRUN echo kept > /kept: hit\n");
}

#[test]
fn what_each_layer_does_and_wastes_can_be_seen() {
    needs!(UserNamespaces);
    let said = said(
        "printf 'FROM busybox\\nRUN head -c 100000 /dev/zero > /big; echo 1 > /kept\\nRUN rm /big; echo 22 > /kept\\n' > Dockerfile
        docker build -q -t l . > /dev/null
        docker image layers --format json l",
    );
    let layers: serde_json::Value = serde_json::from_str(&said).unwrap();
    let last = |back: usize| &layers["layers"][layers["layers"].as_array().unwrap().len() - back];
    assert_eq!(layers["wasted"], 100_002, "{said}");
    assert_eq!(
        (&last(2)["wasted"], &last(2)["added"]),
        (&100_002.into(), &2.into()),
        "{said}"
    );
    assert_eq!(
        (&last(1)["deleted"], &last(1)["changed"]),
        (&1.into(), &1.into()),
        "{said}"
    );
}
