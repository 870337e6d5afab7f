//! `WWW-Authenticate: Bearer realm="…",service="…",scope="…"`. Pure.

/// Where to ask for a token, and with what words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Challenge {
    /// The token server's URL.
    pub realm: String,
    /// The name by which it knows the registry.
    pub service: Option<String>,
    /// What the token is for.
    pub scope: Option<String>,
}

impl Challenge {
    /// Reads the header; `None` when it asks for something other than a bearer token.
    #[must_use]
    pub fn parse(header: &str) -> Option<Self> {
        let (scheme, mut rest) = header.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let mut challenge = Self::default();
        while !rest.trim().is_empty() {
            let (key, after) = rest.split_once('=')?;
            let (value, next) = match after.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"')?,
                None => after.split_at(after.find(',').unwrap_or(after.len())),
            };
            match key.trim() {
                "realm" => challenge.realm = value.into(),
                "service" => challenge.service = Some(value.into()),
                "scope" => challenge.scope = Some(value.into()),
                _ => {}
            }
            rest = next.trim_start().trim_start_matches(',');
        }
        (!challenge.realm.is_empty()).then_some(challenge)
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
            Some(Challenge {
                realm: "https://auth.example/token".into(),
                service: Some("registry.example".into()),
                scope: Some("repository:a/b:pull,push".into()),
            })
        );
    }

    #[test]
    fn other_schemes_and_rubbish_are_no_challenge() {
        for header in [
            "Basic realm=\"x\"",
            "Bearer",
            "Bearer realm=\"x",
            "Bearer service=\"x\"",
            "",
        ] {
            assert_eq!(Challenge::parse(header), None, "{header}");
        }
    }
}
