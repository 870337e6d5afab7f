//! The static files: bundled by `build.rs`, embedded in the binary, served with their hash as ETag.
//!
//! [`url`] puts a file's hash into its address, so that browsers keep the file for good and still
//! see a new version at once.

use actix_web::HttpRequest;
use actix_web::HttpResponse;
use actix_web::http::header;
use rust_embed::{EmbeddedFile, RustEmbed};

/// The `Content-Security-Policy` of every page.
///
/// Scripts and styles come from files of ours only. xterm.js wants `<style>` elements and `style`
/// attributes; `static/src/terminal/strict-styles.ts` turns them into what this allows.
pub const CSP: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
    frame-ancestors 'none'";

#[derive(RustEmbed)]
#[folder = "$OUT_DIR/web"]
struct Web;

/// How much of a file's hash goes into its address.
const VERSION_DIGITS: usize = 12;

/// The address of a static file on this site, with its version.
pub fn url(path: &str) -> String {
    match Web::get(path) {
        Some(file) => format!("/static/{path}?v={}", &hash(&file)[..VERSION_DIGITS]),
        None => format!("/static/{path}"),
    }
}

/// The answer to `GET /static/{path}`: 200, 304 or 404.
pub fn respond(request: &HttpRequest, path: &str) -> HttpResponse {
    let Some(file) = Web::get(path) else {
        return HttpResponse::NotFound()
            .content_type("text/plain; charset=utf-8")
            .body("no such file");
    };
    let hash = hash(&file);
    let etag = format!("\"{hash}\"");
    let versioned = request.query_string() == format!("v={}", &hash[..VERSION_DIGITS]);
    let lifetime = if versioned {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    if asks_for(request, &etag) {
        return HttpResponse::NotModified()
            .insert_header((header::ETAG, etag))
            .insert_header((header::CACHE_CONTROL, lifetime))
            .finish();
    }
    HttpResponse::Ok()
        .content_type(media_type(path))
        .insert_header((header::ETAG, etag))
        .insert_header((header::CACHE_CONTROL, lifetime))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(file.data)
}

/// Whether the browser says that it has the version `etag` already.
///
/// A compressing layer may have made the tag weak (`W/"…"`); the content is the same.
fn asks_for(request: &HttpRequest, etag: &str) -> bool {
    request
        .headers()
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|tags| {
            tags.split(',')
                .map(|tag| tag.trim().trim_start_matches("W/"))
                .any(|tag| tag == etag || tag == "*")
        })
}

fn hash(file: &EmbeddedFile) -> String {
    file.metadata
        .sha256_hash()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "txt" => "text/plain; charset=utf-8",
        "json" => "application/json",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    #[test]
    fn every_file_of_the_bundle_has_a_media_type() {
        for path in Web::iter() {
            assert_ne!(media_type(&path), "application/octet-stream", "{path}");
        }
    }

    #[test]
    fn a_versioned_address_is_kept_for_good_and_a_plain_one_is_asked_again() {
        let versioned = TestRequest::with_uri(&url("site.css")).to_http_request();
        let answer = respond(&versioned, "site.css");
        assert_eq!(answer.status(), StatusCode::OK);
        let kept = answer.headers().get(header::CACHE_CONTROL);
        assert!(kept.is_some_and(|value| value.as_bytes().ends_with(b"immutable")));

        let plain = TestRequest::with_uri("/static/site.css").to_http_request();
        let answer = respond(&plain, "site.css");
        let kept = answer.headers().get(header::CACHE_CONTROL);
        assert!(kept.is_some_and(|value| value == "no-cache"));
    }

    #[test]
    fn the_version_that_the_browser_has_is_not_sent_again() {
        let first = respond(
            &TestRequest::with_uri("/static/site.css").to_http_request(),
            "site.css",
        );
        let etag = first.headers().get(header::ETAG).unwrap().clone();
        let again = TestRequest::with_uri("/static/site.css")
            .insert_header((header::IF_NONE_MATCH, etag))
            .to_http_request();
        assert_eq!(
            respond(&again, "site.css").status(),
            StatusCode::NOT_MODIFIED
        );
    }

    #[test]
    fn an_unknown_file_is_not_found() {
        let request = TestRequest::with_uri("/static/../Cargo.toml").to_http_request();
        assert_eq!(
            respond(&request, "../Cargo.toml").status(),
            StatusCode::NOT_FOUND
        );
    }
}
