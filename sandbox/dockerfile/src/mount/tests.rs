use super::*;
use crate::error::Problem;

fn mount(text: &str) -> Result<Mount, String> {
    parse(text, |value| Ok::<_, MountError>(value.to_owned())).map_err(|error| error.to_string())
}

#[test]
fn every_key_is_read_in_all_its_spellings() {
    let cache =
        mount("type=cache,id=a,target=/x,sharing=locked,from=s,source=y,mode=0700,uid=1,gid=2,ro");
    let cache = cache.unwrap();
    assert_eq!(cache.kind, MountKind::Cache);
    assert_eq!(cache.sharing, Sharing::Locked);
    assert_eq!(
        (cache.mode, cache.uid, cache.gid),
        (Some(0o700), Some(1), Some(2))
    );
    assert!(cache.readonly);
    for target in ["target", "dst", "destination", "TARGET"] {
        assert_eq!(
            mount(&format!("{target}=/x")).unwrap().target.as_deref(),
            Some("/x")
        );
    }
    for (text, readonly) in [
        ("readonly", true),
        ("rw", false),
        ("readwrite=false", true),
        ("ro=0", false),
        ("type=tmpfs", false),
        ("type=cache", false),
        ("type=bind", true),
    ] {
        assert_eq!(mount(text).unwrap().readonly, readonly, "{text}");
    }
    let secret = mount("type=secret,id=a,env=A,required").unwrap();
    assert!(secret.required && secret.env.as_deref() == Some("A"));
    assert_eq!(mount("type=tmpfs,size=1.5k").unwrap().size, Some(1536));
    assert_eq!(
        mount("\"target=/a,b\",src=c").unwrap().target.as_deref(),
        Some("/a,b")
    );
}

#[test]
fn wrong_mounts_are_refused_in_buildkits_words() {
    for (text, message) in [
        (
            "type=chace",
            "unsupported mount type \"chace\" (did you mean cache?)",
        ),
        ("type=foo", "unsupported mount type \"foo\""),
        (
            "form=x",
            "unexpected key 'form' in 'form=x' (did you mean from?)",
        ),
        ("target", "invalid field 'target' must be a key=value pair"),
        (
            "required",
            "unexpected key 'required' for mount type 'bind'",
        ),
        ("size=1", "unexpected key 'size' for mount type 'bind'"),
        ("mode=9", "invalid value 9 for mode"),
        ("type=tmpfs,size=x", "invalid value for size: x"),
        ("ro=x", "invalid value for ro: x"),
        ("mode=1", "mode not allowed for \"bind\" type mounts"),
        ("sharing=shared", "invalid cache sharing set for bind mount"),
        ("type=cache,sharing=x", "unsupported sharing value \"x\""),
        (
            "type=secret",
            "invalid secret mount. one of source, target required",
        ),
        ("type=secret,id=a,src=b", "both source and id can't be set"),
        (
            "type=secret,id=a,from=b",
            "secret mount should not have a from",
        ),
    ] {
        assert_eq!(mount(text).unwrap_err(), message, "{text}");
    }
}

#[test]
fn before_variables_are_known_only_form_and_from_are_checked() {
    let known = outline("type=cache,target=$x,from=base").unwrap();
    assert_eq!((known.target, known.from.as_deref()), (None, Some("base")));
    assert_eq!(outline("from=$x"), Err(Problem::MountFrom));
    assert!(outline("").is_err() && outline("a\"").is_err() && outline("\"a").is_err());
    assert!(outline("type=nonsense").is_ok());
}
