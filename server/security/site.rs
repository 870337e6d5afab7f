//! The names by which browsers may reach this site, and the exact checks against them.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::{
    Method,
    header::{self, HeaderMap, HeaderName},
};

use crate::error::Refusal;

/// A `--public-url` that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// No URL, or not of the web.
    #[error("{0:?} is no URL of the form https://NAME[:PORT]")]
    NotAUrl(String),
    /// The site answers at the root only.
    #[error("{0:?} has a path; the site must be reachable at the root of its name")]
    HasPath(String),
    /// Learners' own pages would be the site's pages to the browser.
    #[error("the preview URL {0:?} must have another name or port than the site")]
    NotApart(String),
}

/// The names by which browsers may reach this site.
#[derive(Debug, Clone)]
pub struct Site {
    /// `(scheme, authority)`, lower case, without a default port.
    names: Vec<(&'static str, String)>,
    /// Set when listening on every address: any literal address with this port is also ours.
    /// A name can be rebound to us by its owner; a literal address cannot.
    any_address_port: Option<u16>,
    home: String,
}

impl Site {
    /// The listen address, `localhost` when it is reached by it, and the public URL.
    ///
    /// # Errors
    /// When the public URL is none.
    pub fn new(listen: SocketAddr, public_url: Option<&str>) -> Result<Self, SiteError> {
        let port = listen.port();
        let mut names = vec![(
            "http",
            authority(&bracketed(listen.ip()), "http", Some(port)),
        )];
        if listen.ip().is_loopback() || listen.ip().is_unspecified() {
            for host in ["localhost", "127.0.0.1", "[::1]"] {
                names.push(("http", authority(host, "http", Some(port))));
            }
        }
        let public = public_url.map(parse_url).transpose()?;
        let (scheme, host) = public.clone().unwrap_or_else(|| {
            let shown = if listen.ip().is_unspecified() {
                "localhost".into()
            } else {
                bracketed(listen.ip())
            };
            ("http", authority(&shown, "http", Some(port)))
        });
        names.extend(public);
        Ok(Self {
            names,
            any_address_port: listen.ip().is_unspecified().then_some(port),
            home: format!("{scheme}://{host}/"),
        })
    }

    /// Whether previews at this URL are kept apart from the site by the browser.
    ///
    /// # Errors
    /// When it is no URL, or one of the site's own.
    pub fn check_preview_url(&self, url: &str) -> Result<(), SiteError> {
        let (scheme, name) = parse_url(url)?;
        if self.is_own_origin(&format!("{scheme}://{name}")) {
            return Err(SiteError::NotApart(url.to_owned()));
        }
        Ok(())
    }

    /// Whether browsers reach the site over TLS, so that its cookie may insist on it.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.home.starts_with("https:")
    }

    /// The URL to tell people.
    #[must_use]
    pub fn home(&self) -> &str {
        &self.home
    }

    fn is_own_host(&self, host: &str) -> bool {
        let host = host.to_ascii_lowercase();
        self.names
            .iter()
            .any(|(scheme, name)| *name == host || with_port(name, scheme) == host)
            || self.is_literal_address(&host)
    }

    fn is_own_origin(&self, origin: &str) -> bool {
        let Some((scheme, host)) = origin.split_once("://") else {
            return false;
        };
        self.names
            .iter()
            .any(|(own, name)| *own == scheme && name == host)
            || (scheme == "http" && self.is_literal_address(host))
    }

    fn is_literal_address(&self, host: &str) -> bool {
        let Some(port) = self.any_address_port else {
            return false;
        };
        match host.parse::<SocketAddr>() {
            Ok(address) => address.port() == port,
            Err(_) => port == 80 && host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok(),
        }
    }

    /// Whether this request may be answered at all, and may change something if it wants to.
    ///
    /// # Errors
    /// When its `Host`, `Origin` or `Sec-Fetch-Site` is not this site's.
    pub fn admit(&self, method: &Method, path: &str, headers: &HeaderMap) -> Result<(), Refusal> {
        let host = text(headers, &header::HOST).unwrap_or_default();
        if !self.is_own_host(host) {
            return Err(Refusal::ForeignHost {
                host: host.chars().take(80).collect(),
            });
        }
        let is_websocket = path.starts_with("/ws/");
        if matches!(*method, Method::GET | Method::HEAD) && !is_websocket {
            return Ok(());
        }
        // Browsers send Origin with every websocket and every request that is not GET or HEAD.
        let origin = text(headers, &header::ORIGIN).unwrap_or_default();
        let fetched_from = text(headers, &HeaderName::from_static("sec-fetch-site"));
        // Browsers have disagreed on whether ws:// is the same site as http://; the Origin they agree on.
        let cross_site = !is_websocket && fetched_from.is_some_and(|site| site != "same-origin");
        if !self.is_own_origin(origin) || cross_site {
            return Err(Refusal::ForeignOrigin {
                home: self.home.clone(),
            });
        }
        Ok(())
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    // Two values of one of these headers are a sign of trouble, not a choice.
    let mut values = headers.get_all(name);
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value.to_str().unwrap_or("\u{fffd}")),
        (Some(_), Some(_)) => Some("\u{fffd}"),
        (None, _) => None,
    }
}

fn bracketed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    }
}

fn default_port(scheme: &str) -> u16 {
    if scheme == "https" { 443 } else { 80 }
}

fn authority(host: &str, scheme: &str, port: Option<u16>) -> String {
    match port {
        Some(port) if port != default_port(scheme) => format!("{host}:{port}"),
        _ => host.to_owned(),
    }
}

/// The authority with its port spelled out, as some clients send it.
fn with_port(authority: &str, scheme: &str) -> String {
    let has_port = authority
        .rsplit_once(':')
        .is_some_and(|(_, port)| !port.ends_with(']'));
    if has_port {
        authority.to_owned()
    } else {
        format!("{authority}:{}", default_port(scheme))
    }
}

fn parse_url(text: &str) -> Result<(&'static str, String), SiteError> {
    let wrong = || SiteError::NotAUrl(text.to_owned());
    let url: http::Uri = text.parse().map_err(|_| wrong())?;
    let scheme = match url.scheme_str() {
        Some("https") => "https",
        Some("http") => "http",
        _ => return Err(wrong()),
    };
    let given = url.authority().ok_or_else(wrong)?;
    if given.as_str().contains('@') || given.host().is_empty() {
        return Err(wrong());
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() {
        return Err(SiteError::HasPath(text.to_owned()));
    }
    let host = given.host().to_ascii_lowercase();
    Ok((scheme, authority(&host, scheme, given.port_u16())))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn site(listen: &str, public: Option<&str>) -> Site {
        Site::new(listen.parse().unwrap(), public).unwrap()
    }

    fn post(site: &Site, headers: &[(&'static str, &str)]) -> bool {
        let mut request = TestRequest::post();
        for header in headers {
            request = request.append_header(*header);
        }
        let request = request.to_http_request();
        site.admit(&Method::POST, "/api/sandbox", request.headers())
            .is_ok()
    }

    #[test]
    fn only_the_whole_origin_is_ours() {
        let site = site("127.0.0.1:8080", None);
        let host = ("host", "127.0.0.1:8080");
        assert!(post(&site, &[host, ("origin", "http://127.0.0.1:8080")]));
        assert!(post(&site, &[host, ("origin", "http://localhost:8080")]));
        for foreign in [
            "http://127.0.0.1:8081",
            "https://127.0.0.1:8080",
            "http://127.0.0.1:8080.evil.example",
            "http://evil.example",
            "http://127.0.0.1:80800",
            "null",
            "",
        ] {
            assert!(!post(&site, &[host, ("origin", foreign)]), "{foreign}");
        }
        assert!(
            !post(&site, &[host]),
            "a browser always names the origin of a POST"
        );
    }

    #[test]
    fn a_rebound_name_is_not_ours() {
        let site = site("127.0.0.1:8080", None);
        let origin = ("origin", "http://127.0.0.1:8080");
        assert!(!post(&site, &[("host", "evil.example:8080"), origin]));
        assert!(!post(&site, &[origin]));
        assert!(!post(
            &site,
            &[("host", "localhost:8080"), ("host", "evil.example"), origin]
        ));
    }

    #[test]
    fn the_browser_is_believed_when_it_says_cross_site() {
        let site = site("127.0.0.1:8080", None);
        let ours = [
            ("host", "localhost:8080"),
            ("origin", "http://localhost:8080"),
        ];
        assert!(post(
            &site,
            &[ours[0], ours[1], ("sec-fetch-site", "same-origin")]
        ));
        assert!(!post(
            &site,
            &[ours[0], ours[1], ("sec-fetch-site", "cross-site")]
        ));
        assert!(!post(
            &site,
            &[ours[0], ours[1], ("sec-fetch-site", "same-site")]
        ));
    }

    #[test]
    fn the_public_name_is_ours_with_and_without_its_default_port() {
        let site = site("127.0.0.1:8080", Some("https://Learn.Example"));
        assert!(site.is_https());
        assert_eq!(site.home(), "https://learn.example/");
        let origin = ("origin", "https://learn.example");
        assert!(post(&site, &[("host", "learn.example"), origin]));
        assert!(post(&site, &[("host", "learn.example:443"), origin]));
        assert!(!post(
            &site,
            &[
                ("host", "learn.example"),
                ("origin", "http://learn.example")
            ]
        ));
    }

    #[test]
    fn listening_everywhere_accepts_literal_addresses_but_no_names() {
        let site = site("0.0.0.0:8080", None);
        assert!(post(
            &site,
            &[
                ("host", "192.168.1.5:8080"),
                ("origin", "http://192.168.1.5:8080")
            ]
        ));
        assert!(post(
            &site,
            &[
                ("host", "[fe80::1]:8080"),
                ("origin", "http://[fe80::1]:8080")
            ]
        ));
        assert!(!post(
            &site,
            &[
                ("host", "rebound.example:8080"),
                ("origin", "http://rebound.example:8080")
            ]
        ));
        assert!(!post(
            &site,
            &[
                ("host", "192.168.1.5:8080"),
                ("origin", "http://192.168.1.5:9090")
            ]
        ));
    }

    #[test]
    fn a_websocket_is_checked_although_it_is_a_get() {
        let site = site("127.0.0.1:8080", None);
        let request = TestRequest::get()
            .insert_header(("host", "127.0.0.1:8080"))
            .insert_header(("origin", "http://evil.example"))
            .to_http_request();
        assert!(
            site.admit(&Method::GET, "/ws/terminal/x", request.headers())
                .is_err()
        );
        assert!(site.admit(&Method::GET, "/", request.headers()).is_ok());
    }

    #[test]
    fn previews_must_be_on_another_origin() {
        let site = site("127.0.0.1:8080", Some("https://learn.example"));
        assert!(site.check_preview_url("https://preview.example").is_ok());
        assert!(site.check_preview_url("http://127.0.0.1:8081").is_ok());
        for own in ["https://learn.example", "http://localhost:8080"] {
            assert_eq!(
                site.check_preview_url(own),
                Err(SiteError::NotApart(own.into()))
            );
        }
    }

    #[test]
    fn public_urls_that_cannot_work_are_refused() {
        let parse = |url| Site::new("127.0.0.1:1".parse().unwrap(), Some(url)).map(|_| ());
        assert!(matches!(parse("learn.example"), Err(SiteError::NotAUrl(_))));
        assert!(matches!(
            parse("ftp://learn.example"),
            Err(SiteError::NotAUrl(_))
        ));
        assert!(matches!(
            parse("https://u:p@learn.example"),
            Err(SiteError::NotAUrl(_))
        ));
        assert!(matches!(
            parse("https://learn.example/docker"),
            Err(SiteError::HasPath(_))
        ));
        assert_eq!(parse("https://learn.example:8443/"), Ok(()));
    }
}
