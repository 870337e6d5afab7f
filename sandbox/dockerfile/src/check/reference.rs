//! Whether a text can name an image: `[host[:port]/]path[:tag][@digest]`.

/// By the grammar of the `distribution/reference` module.
pub(super) fn is_valid(text: &str) -> bool {
    let (text, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    if digest.is_some_and(|digest| !is_digest(digest)) || is_id(text) {
        return false;
    }
    let (name, tag) = match text.rsplit_once(':') {
        Some((name, tag)) if !tag.contains('/') => (name, Some(tag)),
        _ => (text, None),
    };
    if tag.is_some_and(|tag| !is_tag(tag)) || name.len() > 255 {
        return false;
    }
    let path = match name.split_once('/') {
        Some((host, path)) if is_host(host) => path,
        _ => name,
    };
    path.split('/').all(is_component)
}

/// What precedes the first slash is a host when it could not be a part of a path.
fn is_host(text: &str) -> bool {
    let looks = text.contains(['.', ':']) || text == "localhost" || text != text.to_lowercase();
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-:[]".contains(c);
    looks && text.chars().all(allowed)
}

/// Lower-case letters and digits, with `.`, `_`, `__` or dashes between them.
fn is_component(text: &str) -> bool {
    let words = text.split(['.', '_', '-']);
    let gaps_fit = !["..", "___", "._", "_.", "-.", ".-", "-_", "_-"]
        .iter()
        .any(|gap| text.contains(gap));
    let edges_fit = !text.starts_with(['.', '_', '-']) && !text.ends_with(['.', '_', '-']);
    !text.is_empty()
        && edges_fit
        && gaps_fit
        && words
            .flat_map(str::chars)
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

fn is_tag(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.len() <= 128
        && text.starts_with(word)
        && text.chars().all(|c| word(c) || c == '.' || c == '-')
}

fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, hex)| {
        !algorithm.is_empty() && hex.len() >= 32 && hex.chars().all(|c| c.is_ascii_hexdigit())
    })
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
}

#[cfg(test)]
mod tests {
    use super::is_valid;

    #[test]
    fn names_of_images_are_told_from_others() {
        for good in [
            "busybox",
            "a/b:1.0",
            "localhost:5000/a-b__c.d:x_1",
            "Example.org/a",
            "a@sha256:0000000000000000000000000000000000000000000000000000000000000000",
        ] {
            assert!(is_valid(good), "{good}");
        }
        for bad in [
            "", "busybox:", ":x", "Busybox", "a//b", "a b", "-a", "a..b", "a@x", "a/",
        ] {
            assert!(!is_valid(bad), "{bad}");
        }
    }
}
