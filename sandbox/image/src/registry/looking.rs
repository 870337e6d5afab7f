//! Questions to a registry that change nothing: what a name stands for, which tags there are, who is let in.

use drydock_spec::ImageRef;
use serde::Deserialize;
use ureq::http::Method;

use super::{
    Options, RegistryError,
    client::Client,
    endpoint::Endpoint,
    manifest::{Parsed, parse},
    pulling::blob_bytes,
    pushing::PushBlob,
};

/// Tags of one repository.
const MAX_TAGS: usize = 1000;
/// Answers that they may be spread over.
const MAX_PAGES: usize = 20;

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Looked {
    /// The manifest, or list of manifests.
    pub descriptor: PushBlob,
    /// Operating system, architecture and variant of each image.
    pub platforms: Vec<(String, String, String)>,
}

/// Looks at an image without pulling it.
///
/// # Errors
/// When the registry cannot be reached or does not have it.
pub fn look(name: &ImageRef, options: Options) -> Result<Looked, RegistryError> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Machine {
        os: String,
        architecture: String,
        variant: String,
    }
    let name = name.clone().with_default_tag();
    let mut client = Client::new(Endpoint::of(&name), options);
    let wanted = name.digest().map(ToString::to_string);
    let wanted = wanted.unwrap_or_else(|| name.tag_or_latest().unwrap_or("latest").into());
    let fetched = client.manifest(&wanted, &name)?;
    let platforms = match parse(&client, &fetched.bytes)? {
        Parsed::List(index) => index
            .manifests
            .into_iter()
            .filter_map(|entry| entry.platform)
            .map(|platform| (platform.os, platform.architecture, platform.variant))
            .collect(),
        Parsed::Image(manifest) => {
            let config = blob_bytes(&mut client, &manifest.config)?;
            let machine: Machine = serde_json::from_slice(&config).unwrap_or_default();
            vec![(machine.os, machine.architecture, machine.variant)]
        }
    };
    Ok(Looked {
        descriptor: PushBlob {
            digest: fetched.digest,
            size: fetched.bytes.len() as u64,
            media_type: fetched.media_type,
            from: None,
        },
        platforms,
    })
}

/// All tags of a repository.
///
/// # Errors
/// When the registry cannot be reached, does not have it, or it has too many.
pub fn tags(repository: &ImageRef, options: Options) -> Result<Vec<String>, RegistryError> {
    #[derive(Deserialize)]
    struct Page {
        tags: Option<Vec<String>>,
    }
    let mut client = Client::new(Endpoint::of(repository), options);
    let mut all = Vec::new();
    let mut path = "tags/list".to_owned();
    for _ in 0..MAX_PAGES {
        let response = client.ask(&Method::GET, &path, "application/json")?;
        match response.status().as_u16() {
            200 => {}
            404 => return Err(RegistryError::NoRepository(repository.repository().into())),
            401 | 403 => return Err(RegistryError::Denied(repository.repository().into())),
            status => return Err(client.refused(status)),
        }
        let next = response.headers().get("link");
        let next = next.and_then(|link| link.to_str().ok()).and_then(next_page);
        let page: Page = serde_json::from_slice(&client.read_json(response)?)
            .map_err(|_| client.answered("with no list of tags"))?;
        all.extend(page.tags.unwrap_or_default());
        match next {
            Some(query) if all.len() <= MAX_TAGS => path = format!("tags/list?{query}"),
            _ => break,
        }
    }
    if all.len() > MAX_TAGS {
        return Err(client.answered(format!(
            "with more than {MAX_TAGS} tags; name the one you want"
        )));
    }
    Ok(all)
}

/// The query of `<…?query>; rel="next"`.
fn next_page(link: &str) -> Option<String> {
    let url = link.trim().strip_prefix('<')?.split_once('>')?.0;
    url.split_once('?').map(|(_, query)| query.to_owned())
}

/// Whether a registry takes a name and a password.
///
/// # Errors
/// When it does not, or cannot be reached.
pub fn login(server: &str, options: Options) -> Result<(), RegistryError> {
    let mut client = Client::new(Endpoint::registry(server), options);
    let response = client.ask(&Method::GET, "", "application/json")?;
    match response.status().as_u16() {
        200 => Ok(()),
        401 | 403 => Err(RegistryError::Unauthorized {
            registry: client.endpoint().host.clone(),
        }),
        status => Err(client.refused(status)),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_next_page_is_asked_for_by_its_query_alone() {
        let link = "</v2/app/tags/list?last=b&n=2>; rel=\"next\"";
        assert_eq!(super::next_page(link).as_deref(), Some("last=b&n=2"));
        assert_eq!(super::next_page("rubbish"), None);
    }
}
