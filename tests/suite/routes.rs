//! The site's URLs, as a browser and as a stranger's script ask for them.

use std::net::TcpStream;

use serde_json::json;

use crate::harness::server::{TestServer, Visitor};
use crate::harness::{http, lesson, unique};

#[test]
fn index_lists_every_lesson() {
    let server = TestServer::start();
    let page = server.visitor().get("/").is(200).text();
    for exercise in lesson::exercises() {
        assert!(
            page.contains(&format!("/lessons/{}", exercise.lesson)),
            "{}",
            exercise.lesson
        );
    }
}

#[test]
fn lesson_page_shows_its_exercises() {
    let server = TestServer::start();
    let visitor = server.visitor();
    for exercise in lesson::exercises() {
        let page = visitor
            .get(&format!("/lessons/{}", exercise.lesson))
            .is(200)
            .text();
        assert!(
            page.contains(&format!("exercise-{}", exercise.id)),
            "{}",
            exercise.id
        );
        assert!(
            !page.contains(exercise.solution.trim()),
            "the solution of {} is on the page",
            exercise.id
        );
    }
    let missing = visitor.get("/lessons/nothing-like-it").is(404);
    assert!(
        missing
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("text/html"))
    );
}

#[test]
fn pages_forbid_foreign_scripts_and_frames() {
    let server = TestServer::start();
    let answer = server.visitor().get("/").is(200);
    let policy = answer
        .header("content-security-policy")
        .expect("no policy")
        .to_owned();
    for wanted in [
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    ] {
        assert!(policy.contains(wanted), "no {wanted} in {policy}");
    }
    assert!(
        !policy.contains("unsafe-inline") && !policy.contains("unsafe-eval"),
        "{policy}"
    );
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
}

#[test]
fn cookie_is_for_this_site_only() {
    let server = TestServer::start();
    let stream = TcpStream::connect(server.authority()).unwrap();
    let answer = http::request(stream, "GET", "/", &[("host", &server.authority())], b"").unwrap();
    let cookie = answer
        .header("set-cookie")
        .expect("no cookie")
        .to_ascii_lowercase();
    assert!(
        cookie.contains("httponly") && cookie.contains("samesite="),
        "{cookie}"
    );
}

#[test]
fn request_from_another_origin_is_refused() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let body = json!({ "lesson": lesson::first().lesson }).to_string();
    for origin in [
        "http://evil.example",
        "null",
        "http://127.0.0.1",
        "https://localhost",
    ] {
        let headers = [("content-type", "application/json"), ("origin", origin)];
        visitor
            .send("POST", "/api/sandbox", &headers, body.as_bytes())
            .is(403);
    }
    // Neither does a form of another site get through, which names no JSON.
    let headers = [
        ("content-type", "text/plain"),
        ("sec-fetch-site", "cross-site"),
    ];
    visitor
        .send("POST", "/api/sandbox", &headers, body.as_bytes())
        .is(403);
    visitor
        .send(
            "DELETE",
            "/api/sandbox",
            &[("origin", "http://evil.example")],
            b"",
        )
        .is(403);
}

#[test]
fn foreign_host_name_is_refused() {
    let server = TestServer::start();
    let stream = TcpStream::connect(server.authority()).unwrap();
    let answer = http::request(stream, "GET", "/", &[("host", "rebound.example")], b"").unwrap();
    assert!((400..500).contains(&answer.status), "{}", answer.status);
}

#[test]
fn malformed_and_oversized_bodies_are_refused() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let origin = server.url();
    let headers = [
        ("content-type", "application/json"),
        ("origin", origin.as_str()),
    ];
    let refused = visitor
        .send("POST", "/api/sandbox", &headers, b"{\"lesson\":")
        .is(400);
    assert!(refused.json()["message"].is_string(), "{}", refused.text());
    let large = format!("{{\"lesson\":\"{}\"}}", "x".repeat(4 << 20));
    visitor
        .send("POST", "/api/sandbox", &headers, large.as_bytes())
        .is(413);
    visitor
        .post(
            "/api/sandbox",
            &json!({ "lesson": unique("no-such-lesson") }),
        )
        .is(404);
    let first = lesson::first();
    visitor
        .post(
            &format!("/api/lessons/{}/exercises/no-such/check", first.lesson),
            &json!({}),
        )
        .is(404);
}

#[test]
fn sandbox_of_someone_else_does_not_exist() {
    let server = TestServer::start();
    let (owner, stranger) = (server.visitor(), server.visitor());
    assert_ne!(owner.cookie, stranger.cookie);
    let sandbox = owner.sandbox(&lesson::first().lesson);
    assert_eq!(stranger.refused_terminal(&sandbox, &server.url()), 404);
    assert_eq!(
        stranger.refused_terminal("00000000-0000-4000-8000-000000000000", &server.url()),
        404
    );
    assert_eq!(stranger.refused_terminal("nonsense", &server.url()), 404);
    let nobody = Visitor {
        cookie: None,
        ..owner.clone()
    };
    assert_eq!(nobody.refused_terminal(&sandbox, &server.url()), 404);
}

#[test]
fn tampered_cookie_is_a_stranger_s() {
    let server = TestServer::start();
    let owner = server.visitor();
    let sandbox = owner.sandbox(&lesson::first().lesson);
    let cookie = owner.cookie.clone().unwrap();
    let changed = |at: usize| {
        let mut bytes = cookie.clone().into_bytes();
        bytes[at] = if bytes[at] == b'a' { b'b' } else { b'a' };
        String::from_utf8(bytes).unwrap()
    };
    let value = cookie.find('=').unwrap() + 1;
    for forged in [
        changed(value + 3),
        changed(cookie.len() - 3),
        cookie[..cookie.len() - 5].to_owned(),
    ] {
        let forger = Visitor {
            cookie: Some(forged),
            ..owner.clone()
        };
        assert_eq!(forger.refused_terminal(&sandbox, &server.url()), 404);
    }
}

#[test]
fn two_tabs_share_a_sandbox() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let lesson = lesson::first().lesson;
    assert_eq!(visitor.sandbox(&lesson), visitor.sandbox(&lesson));
}

#[test]
fn another_lesson_asks_before_ending_the_first() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let exercises = lesson::exercises();
    let one = &exercises[0].lesson;
    let two = &exercises
        .iter()
        .find(|exercise| exercise.lesson != *one)
        .unwrap()
        .lesson;
    let first = visitor.sandbox(one);
    let refused = visitor
        .post("/api/sandbox", &json!({ "lesson": two }))
        .is(409)
        .json();
    assert_eq!(refused["error"], "other-lesson");
    assert_eq!(refused["lesson"], one.as_str());
    assert_eq!(visitor.sandbox(one), first, "it still runs");
    let replaced = visitor
        .post("/api/sandbox", &json!({ "lesson": two, "replace": true }))
        .is(200)
        .json();
    assert_ne!(replaced["id"], first.as_str());
}

#[test]
fn meter_and_reset() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let lesson = lesson::first().lesson;
    let status = format!("/api/sandbox?lesson={lesson}");
    assert_eq!(visitor.get(&status).is(200).json()["state"], "none");
    let first = visitor.sandbox(&lesson);
    let running = visitor.get(&status).is(200).json();
    assert_eq!(running["state"], "running");
    for meter in ["memory", "disk"] {
        let (used, limit) = (
            running[meter]["used"].as_u64().unwrap(),
            running[meter]["limit"].as_u64().unwrap(),
        );
        assert!(used < limit && limit > 1 << 20, "{running}");
    }
    let reset = visitor
        .post("/api/sandbox/reset", &json!({ "lesson": lesson }))
        .is(200)
        .json();
    assert_ne!(reset["id"], first.as_str());
    let origin = server.url();
    let ended = visitor.send("DELETE", "/api/sandbox", &[("origin", &origin)], b"");
    assert!((200..300).contains(&ended.status), "{}", ended.status);
    assert_ne!(visitor.get(&status).json()["state"], "running");
}

#[test]
fn assets_may_be_cached_and_are_revalidated() {
    let server = TestServer::start();
    let visitor = server.visitor();
    let page = visitor.get("/").is(200).text();
    let asset = page
        .split('"')
        .find(|word| word.starts_with("/static/"))
        .expect("the page uses no asset");
    let answer = visitor.get(asset).is(200);
    let tag = answer.header("etag").expect("no ETag").to_owned();
    visitor
        .send("GET", asset, &[("if-none-match", &tag)], b"")
        .is(304);
    visitor.get("/static/../server/main.rs").is(404);
    visitor.get("/static/%2e%2e/%2e%2e/etc/passwd").is(404);
}
