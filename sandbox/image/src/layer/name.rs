//! What an entry's name means. Pure.

use crate::LayerError;

/// What a name of a layer's tar stream stands for.
#[derive(Debug, PartialEq, Eq)]
pub enum Meaning<'a> {
    /// The layer's root directory.
    Root,
    /// A file at this path.
    File(Path<'a>),
    /// The file at this path of the layers below is deleted.
    Whiteout(Path<'a>),
    /// The directory at this path hides what is below it; no components mean the root.
    Opaque(Vec<&'a [u8]>),
    /// Another storage driver's private file.
    Private,
}

/// A path inside a layer: at least one component, none of them empty, `.` or `..`.
#[derive(Debug, PartialEq, Eq)]
pub struct Path<'a> {
    /// The directories above.
    pub parents: Vec<&'a [u8]>,
    /// The last component.
    pub last: &'a [u8],
}

impl Path<'_> {
    /// Joined with slashes.
    #[must_use]
    pub fn joined(&self) -> Vec<u8> {
        let mut path = join(&self.parents);
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(self.last);
        path
    }
}

/// Joins components with slashes.
#[must_use]
pub fn join(components: &[&[u8]]) -> Vec<u8> {
    components.join(&b'/')
}

/// Reads a name of a tar stream.
///
/// # Errors
/// When it is absolute, has `..`, or has a component longer than a file system allows.
pub fn meaning(name: &[u8]) -> Result<Meaning<'_>, LayerError> {
    let mut parents = components(name)?;
    let Some(last) = parents.pop() else {
        return Ok(Meaning::Root);
    };
    let Some(hidden) = last.strip_prefix(b".wh.") else {
        return Ok(Meaning::File(Path { parents, last }));
    };
    match hidden {
        b".wh..opq" => Ok(Meaning::Opaque(parents)),
        _ if hidden.starts_with(b".wh.") => Ok(Meaning::Private),
        b"" | b"." | b".." => Err(escapes(name)),
        _ => Ok(Meaning::Whiteout(Path {
            parents,
            last: hidden,
        })),
    }
}

/// Reads the path that a hard link points to.
///
/// # Errors
/// As [`meaning`]; also when it names the root.
pub fn link_target(name: &[u8]) -> Result<Path<'_>, LayerError> {
    let mut parents = components(name)?;
    let last = parents.pop().ok_or_else(|| escapes(name))?;
    Ok(Path { parents, last })
}

fn components(name: &[u8]) -> Result<Vec<&[u8]>, LayerError> {
    if name.starts_with(b"/") || name.contains(&0) {
        return Err(escapes(name));
    }
    let mut components = Vec::new();
    for component in name.split(|&b| b == b'/') {
        match component {
            b"" | b"." => {}
            b".." => return Err(escapes(name)),
            long if long.len() > 255 => {
                return Err(LayerError::TooMuch {
                    what: "bytes in a file name",
                    limit: 255,
                });
            }
            other => components.push(other),
        }
    }
    Ok(components)
}

fn escapes(name: &[u8]) -> LayerError {
    LayerError::Escapes(String::from_utf8_lossy(name).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file<'a>(name: &'a [u8]) -> Path<'a> {
        match meaning(name).unwrap() {
            Meaning::File(path) => path,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn dots_and_double_slashes_mean_nothing() {
        assert_eq!(file(b"./a//b/./c/").joined(), b"a/b/c");
        assert_eq!(meaning(b"./").unwrap(), Meaning::Root);
        assert_eq!(meaning(b"").unwrap(), Meaning::Root);
    }

    #[test]
    fn names_that_lead_out_are_refused() {
        let names: [&[u8]; 7] = [
            b"..", b"a/../b", b"/etc", b"a\0b", b".wh...", b"a/.wh.", b".wh..",
        ];
        for name in names {
            assert!(
                matches!(meaning(name), Err(LayerError::Escapes(_))),
                "{name:?}"
            );
        }
        assert!(meaning(&[b'a'; 256]).is_err());
        assert!(link_target(b"./").is_err());
    }

    #[test]
    fn whiteouts_are_told_from_files() {
        let Meaning::Whiteout(path) = meaning(b"etc/.wh.passwd").unwrap() else {
            panic!("not a whiteout");
        };
        assert_eq!(path.joined(), b"etc/passwd");
        assert_eq!(
            meaning(b"etc/.wh..wh..opq").unwrap(),
            Meaning::Opaque(vec![b"etc"])
        );
        assert_eq!(
            meaning(b".wh..wh.plnk/1").unwrap(),
            Meaning::File(Path {
                parents: vec![b".wh..wh.plnk"],
                last: b"1",
            })
        );
        assert_eq!(meaning(b".wh..wh.aufs").unwrap(), Meaning::Private);
    }
}
