//! `WWW-Authenticate`: how a registry asks who is there. Pure.

/// What a registry wants to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Challenge {
    /// A name and a password, with each request.
    Basic,
    /// A token, to be had elsewhere.
    Bearer(TokenServer),
}

/// Where to ask for a token, and with what words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenServer {
    /// The token server's URL.
    pub realm: String,
    /// The name by which it knows the registry.
    pub service: Option<String>,
    /// What the token is for.
    pub scope: Option<String>,
}

impl Challenge {
    /// Reads the header; `None` when it asks for something that we do not have.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, mut rest) = header.trim().split_once(' ')?;
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut server = TokenServer::default();
        while !rest.trim().is_empty() {
            let (key, after) = rest.split_once('=')?;
            let (value, next) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_at(after.find(',').unwrap_or(after.len())),
            };
            match key.trim() {
                "realm" => server.realm = value.into(),
                "service" => server.service = Some(value.into()),
                "scope" => server.scope = Some(value.into()),
                _ => {}
            }
            rest = next.trim_start().trim_start_matches(',');
        }
        (!server.realm.is_empty()).then_some(Self::Bearer(server))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_may_hold_commas() {
        let header = r#"Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push",error=x"#;
        assert_eq!(
            Challenge::parse(header),
            Some(Challenge::Bearer(TokenServer {
                realm: "https://auth.example/token".into(),
                service: Some("registry.example".into()),
                scope: Some("repository:a/b:pull,push".into()),
            }))
        );
    }

    #[test]
    fn a_name_and_a_password_may_be_asked_for() {
        let header = "Basic realm=\"Registry Realm\"";
        assert_eq!(Challenge::parse(header), Some(Challenge::Basic));
    }

    #[test]
    fn other_schemes_and_rubbish_are_no_challenge() {
        for header in [
            "Negotiate x",
            "Bearer",
            "Bearer realm=\"x",
            "Bearer service=\"x\"",
            "",
        ] {
            assert_eq!(Challenge::parse(header), None, "{header}");
        }
    }
}
