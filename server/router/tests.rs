//! The borders that need no sandbox: what a stranger, a forger or a careless script gets.

use std::{fs, net::SocketAddr, path::Path};

use actix_web::{
    body::MessageBody,
    dev::ServiceResponse,
    http::{Method, StatusCode, header},
    test::{TestRequest, call_service, init_service, read_body},
    web,
};
use tempfile::TempDir;

use crate::{app::App, config::ServeOptions, security::Site, serve};

const HOST: &str = "127.0.0.1:8080";
const ORIGIN: &str = "http://127.0.0.1:8080";

const LESSON: &str =
    "+++\ntitle = \"First\"\nsummary = \"S\"\nminutes = 5\nimages = []\n+++\n\nText.\n";
const BROKEN: &str = "+++\ntitle = \"Broken\"\nminutes = \"ten\"\n+++\n";

fn write_lesson(lessons: &Path, folder: &str, text: &str) {
    fs::create_dir_all(lessons.join(folder)).unwrap();
    fs::write(lessons.join(folder).join("lesson.md"), text).unwrap();
}

async fn app(dir: &TempDir) -> web::Data<App> {
    app_of(dir, 8).await
}

async fn app_of(dir: &TempDir, max_sandboxes: usize) -> web::Data<App> {
    let lessons = dir.path().join("lessons");
    write_lesson(&lessons, "01-first", LESSON);
    write_lesson(&lessons, "02-broken", BROKEN);
    let listen: SocketAddr = HOST.parse().unwrap();
    let options = ServeOptions {
        listen,
        data_dir: dir.path().join("data"),
        public_url: None,
        preview_url: None,
        lessons_dir: Some(lessons),
        registries: Default::default(),
        egress: false,
        max_sandboxes,
    };
    let site = Site::new(listen, None).unwrap();
    web::Data::new(serve::assemble(&options, site).await.unwrap())
}

/// Sends one request to a fresh server.
async fn send(request: TestRequest) -> ServiceResponse<impl MessageBody> {
    let dir = tempfile::tempdir().unwrap();
    let service = init_service(crate::router::site!(app(&dir).await)).await;
    call_service(&service, request.to_request()).await
}

fn get(path: &str) -> TestRequest {
    TestRequest::with_uri(path).insert_header((header::HOST, HOST))
}

fn post(path: &str, body: &str) -> TestRequest {
    get(path)
        .method(Method::POST)
        .insert_header((header::ORIGIN, ORIGIN))
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .set_payload(body.to_owned())
}

async fn json(response: ServiceResponse<impl MessageBody>) -> serde_json::Value {
    serde_json::from_slice(&read_body(response).await).expect("JSON")
}

#[actix_web::test]
async fn every_answer_carries_the_strict_policy() {
    for path in [
        "/",
        "/lessons/first",
        "/no/such/page",
        "/healthz",
        "/static/none",
        "/api/sandbox",
    ] {
        let response = send(get(path)).await;
        let policy = response.headers().get(header::CONTENT_SECURITY_POLICY);
        let policy = policy
            .unwrap_or_else(|| panic!("{path} has no policy"))
            .to_str()
            .unwrap();
        assert!(policy.contains("default-src 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe-inline"), "{path}: {policy}");
        assert_eq!(
            response
                .headers()
                .get(header::X_CONTENT_TYPE_OPTIONS)
                .unwrap(),
            "nosniff",
            "{path}"
        );
    }
}

#[actix_web::test]
async fn a_page_of_another_site_changes_nothing() {
    for (method, path) in [
        (Method::POST, "/api/sandbox"),
        (Method::DELETE, "/api/sandbox"),
        (Method::POST, "/api/sandbox/reset"),
        (Method::POST, "/api/lessons/first/exercises/x/check"),
        (
            Method::GET,
            "/ws/terminal/7c9b1c1e-0000-4000-8000-000000000000?name=main&cols=80&rows=24",
        ),
    ] {
        let request = get(path)
            .method(method)
            .insert_header((header::ORIGIN, "http://evil.example"));
        let response = send(request).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{path}");
        assert_eq!(json(response).await["error"], "foreign-origin", "{path}");
    }
}

#[actix_web::test]
async fn a_rebound_name_is_refused_even_for_reading() {
    let response =
        send(TestRequest::with_uri("/").insert_header((header::HOST, "evil.example:8080"))).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    let body = read_body(response).await;
    assert!(String::from_utf8_lossy(&body).contains("--public-url"));
}

#[actix_web::test]
async fn a_probe_that_knows_no_name_sees_the_health() {
    let response =
        send(TestRequest::with_uri("/healthz").insert_header((header::HOST, "10.0.0.7"))).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(json(response).await["status"], "ok");
}

#[actix_web::test]
async fn a_sandbox_that_is_not_the_cookies_is_not_there() {
    let id = "7c9b1c1e-0000-4000-8000-000000000000";
    for id in [id, "not-an-id"] {
        let path = format!("/ws/terminal/{id}?name=main&cols=80&rows=24");
        let response = send(get(&path).insert_header((header::ORIGIN, ORIGIN))).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{id}");
        assert_eq!(json(response).await["error"], "no-such-sandbox");
    }
}

#[actix_web::test]
async fn a_learner_keeps_its_cookie_and_a_forger_gets_a_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let service = init_service(crate::router::site!(app(&dir).await)).await;
    let cookie_of = |response: &ServiceResponse<_>| {
        response
            .response()
            .cookies()
            .next()
            .map(|cookie| cookie.into_owned())
    };
    let first = call_service(&service, get("/").to_request()).await;
    let cookie = cookie_of(&first).expect("a newcomer gets a cookie");
    assert_eq!(cookie.http_only(), Some(true));

    let again = call_service(&service, get("/").cookie(cookie.clone()).to_request()).await;
    assert_eq!(cookie_of(&again).expect("renewed").value(), cookie.value());

    let mut forged = cookie.clone();
    forged.set_value(format!("x{}", cookie.value()));
    let other = call_service(&service, get("/").cookie(forged).to_request()).await;
    assert_eq!(other.status(), StatusCode::OK);
    assert_ne!(
        cookie_of(&other).expect("a new one").value(),
        cookie.value()
    );

    let polled = get("/api/sandbox?lesson=first").cookie(cookie).to_request();
    assert!(cookie_of(&call_service(&service, polled).await).is_none());
}

#[actix_web::test]
async fn a_body_over_its_limit_is_refused() {
    let body = format!("{{\"lesson\":\"{}\"}}", "x".repeat(crate::config::MAX_BODY));
    let response = send(post("/api/sandbox", &body)).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(json(response).await["error"], "too-large");
}

#[actix_web::test]
async fn what_is_not_the_expected_json_is_refused_with_a_reason() {
    for body in ["", "{", "[]", "{\"lesson\":7}"] {
        let response = send(post("/api/sandbox", body)).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{body}");
        assert_eq!(json(response).await["error"], "malformed", "{body}");
    }
    // A form of another site could send text/plain without asking the browser first.
    let plain = post("/api/sandbox", "{\"lesson\":\"first\"}")
        .insert_header((header::CONTENT_TYPE, "text/plain"));
    assert_eq!(send(plain).await.status(), StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn a_full_server_starts_no_sandbox_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let service = init_service(crate::router::site!(app_of(&dir, 0).await)).await;
    let start = post("/api/sandbox", "{\"lesson\":\"first\"}");
    let response = call_service(&service, start.to_request()).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let told = json(response).await;
    assert_eq!(told["error"], "full");
    assert_eq!(told["message"], "All 0 places are taken at the moment.");
}

#[actix_web::test]
async fn unknown_lessons_exercises_and_pages_are_told_apart() {
    let response = send(post("/api/sandbox", "{\"lesson\":\"none\"}")).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(json(response).await["error"], "no-such-lesson");

    let response = send(post("/api/lessons/first/exercises/none/check", "{}")).await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(json(response).await["error"], "no-such-exercise");

    for path in ["/lessons/none", "/nowhere"] {
        let response = send(get(path)).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        let kind = response
            .headers()
            .get(header::CONTENT_TYPE)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        assert!(kind.starts_with("text/html"), "{path}: {kind}");
    }
}

#[actix_web::test]
async fn a_broken_lesson_is_named_with_its_line_and_the_rest_is_served() {
    let index = send(get("/")).await;
    assert_eq!(index.status(), StatusCode::OK);
    let body = String::from_utf8_lossy(&read_body(index).await).into_owned();
    assert!(body.contains("First"), "{body}");
    assert!(
        body.contains("02-broken") && body.contains("lesson.md, line 3"),
        "{body}"
    );
    assert!(!body.contains("/data"), "a path of the host is shown");
    assert_eq!(send(get("/lessons/first")).await.status(), StatusCode::OK);
    assert_eq!(
        send(get("/lessons/broken")).await.status(),
        StatusCode::NOT_FOUND
    );
}

#[actix_web::test]
async fn a_learner_without_a_sandbox_has_none() {
    let response = send(get("/api/sandbox?lesson=first")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(json(response).await["state"], "none");
    let response = send(get("/api/sandbox")).await;
    assert_eq!(response.status(), StatusCode::BAD_REQUEST);
}

#[actix_web::test]
async fn too_many_starts_are_slowed_down_with_a_date() {
    let dir = tempfile::tempdir().unwrap();
    let service = init_service(crate::router::site!(app(&dir).await)).await;
    let first = call_service(&service, get("/").to_request()).await;
    let cookie = first.response().cookies().next().unwrap().into_owned();
    for _ in 0..30 {
        let end = get("/api/sandbox")
            .method(Method::DELETE)
            .insert_header((header::ORIGIN, ORIGIN))
            .cookie(cookie.clone());
        let response = call_service(&service, end.to_request()).await;
        if response.status() == StatusCode::TOO_MANY_REQUESTS {
            assert!(response.headers().contains_key(header::RETRY_AFTER));
            return;
        }
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }
    panic!("thirty requests in a row were all allowed");
}
