//! The reader and the writer against each other, and against the `tar` crate.

use std::io::{Read as _, Write as _};

use super::*;

fn written(entries: &[(Entry, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new());
    for (entry, data) in entries {
        let mut entry = entry.clone();
        entry.size = data.len() as u64;
        writer.start(&entry).unwrap();
        writer.write_all(data).unwrap();
    }
    writer.finish().unwrap()
}

fn read(stream: &[u8]) -> Result<Vec<(Entry, Vec<u8>)>, TarError> {
    let mut reader = Reader::new(stream);
    let mut entries = Vec::new();
    while let Some(entry) = reader.next()? {
        let mut data = Vec::new();
        reader.read_to_end(&mut data)?;
        entries.push((entry, data));
    }
    Ok(entries)
}

fn odd_entries() -> Vec<(Entry, &'static [u8])> {
    let mut long = Entry::new("d/".repeat(120) + "file", Kind::File, 0o4755);
    long.uid = 3_000_000;
    long.gid = 9;
    long.mtime = -5;
    long.xattrs = vec![
        (b"user.b".to_vec(), b"2\n=\0".to_vec()),
        (b"user.a".to_vec(), b"1".to_vec()),
    ];
    let mut link = Entry::new("é", Kind::Symlink, 0o777);
    link.link = vec![b'x'; 150];
    vec![
        (Entry::new("dir/", Kind::Directory, 0o1777), b""),
        (long, b"data"),
        (link, b""),
        (Entry::new("empty", Kind::File, 0), b""),
    ]
}

#[test]
fn what_is_written_is_read_back() {
    let entries = odd_entries();
    let back = read(&written(&entries)).unwrap();
    assert_eq!(back.len(), entries.len());
    for ((mut wrote, data), (mut read, read_data)) in entries.into_iter().zip(back) {
        wrote.size = data.len() as u64;
        wrote.xattrs.sort();
        read.xattrs.sort();
        assert_eq!((wrote, data), (read, &read_data[..]));
    }
}

#[test]
fn the_tar_crate_reads_what_we_write() {
    let stream = written(&odd_entries());
    let mut archive = ::tar::Archive::new(&stream[..]);
    let mut names = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        if entry.path_bytes().ends_with(b"/file") {
            let mut data = String::new();
            entry.read_to_string(&mut data).unwrap();
            assert_eq!(data, "data");
            assert_eq!(entry.header().mode().unwrap(), 0o4755);
            assert_eq!(entry.header().gid().unwrap(), 9);
        }
        names.push(entry.path_bytes().into_owned());
    }
    let expected: Vec<_> = odd_entries().into_iter().map(|(e, _)| e.name).collect();
    assert_eq!(names, expected);
}

#[test]
fn gnu_long_names_are_read() {
    let name = "n".repeat(300);
    let mut builder = ::tar::Builder::new(Vec::new());
    let mut header = ::tar::Header::new_gnu();
    header.set_size(2);
    header.set_mode(0o644);
    builder.append_data(&mut header, &name, &b"hi"[..]).unwrap();
    let back = read(&builder.into_inner().unwrap()).unwrap();
    assert_eq!(back[0].0.name, name.as_bytes());
    assert_eq!(back[0].1, b"hi");
}

#[test]
fn a_ustar_prefix_is_joined() {
    let mut builder = ::tar::Builder::new(Vec::new());
    let name = format!("{}/{}", "p".repeat(120), "n".repeat(80));
    let mut header = ::tar::Header::new_ustar();
    header.set_size(0);
    builder.append_data(&mut header, &name, &b""[..]).unwrap();
    assert_eq!(
        read(&builder.into_inner().unwrap()).unwrap()[0].0.name,
        name.as_bytes()
    );
}

#[test]
fn links_have_no_data_whatever_their_size_says() {
    let mut link = Entry::new("link", Kind::HardLink, 0);
    link.size = 1 << 40;
    let mut stream = header::format(&header::Header {
        name: link.name,
        link: b"target".to_vec(),
        mode: 0,
        uid: 0,
        gid: 0,
        size: 1 << 30,
        mtime: 0,
        letter: b'1',
        device: (0, 0),
    })
    .to_vec();
    stream.extend([0; 1024]);
    assert_eq!(read(&stream).unwrap()[0].0.size, 0);
}

#[test]
fn a_damaged_header_is_refused() {
    let mut stream = written(&odd_entries());
    stream[3] ^= 1;
    assert!(matches!(read(&stream), Err(TarError::Checksum)));
    assert!(!sniff(&stream));
    assert!(sniff(&written(&odd_entries())));
    assert!(sniff(&[0; 512]));
    assert!(!sniff(b"{\"a\":1}"));
}

#[test]
fn a_stream_that_ends_early_is_refused_at_every_length() {
    let stream = written(&odd_entries()[..2]);
    // Before the two blocks of zeros, inside the last padding, and between entries, an end is an end.
    let whole = stream.len() - 1024;
    let data_end = whole - 512 + b"data".len();
    for length in 1..data_end {
        if let Ok(entries) = read(&stream[..length]) {
            assert!(entries.len() < 2 && length % 512 == 0, "length {length}");
        }
    }
    for length in data_end..=whole {
        assert_eq!(read(&stream[..length]).unwrap().len(), 2, "length {length}");
    }
}

#[test]
fn an_endless_name_is_refused_before_it_is_read() {
    for letter in [b'L', b'K', b'x', b'g'] {
        let stream = header::format(&header::Header {
            name: b"././@LongLink".to_vec(),
            link: Vec::new(),
            mode: 0,
            uid: 0,
            gid: 0,
            size: 4 << 30,
            mtime: 0,
            letter,
            device: (0, 0),
        });
        assert!(matches!(read(&stream), Err(TarError::TooLong { .. })));
    }
}

#[test]
fn malformed_records_are_refused() {
    for bad in [
        "5 a=", "x a=b\n", "99 a=b\n", "6 a=bc", "5 ab\n", "0 \n", " a=b\n",
    ] {
        assert!(pax::records(bad.as_bytes()).is_err(), "{bad:?}");
    }
    assert_eq!(pax::records(b"6 a=b\n").unwrap(), [(&b"a"[..], &b"b"[..])]);
}

#[test]
fn a_record_counts_its_own_digits() {
    for length in [1, 5, 90, 91, 92, 93, 94, 95, 96, 990, 994, 995, 996] {
        let mut block = Vec::new();
        pax::append(&mut block, b"k", &vec![b'v'; length]);
        assert_eq!(pax::records(&block).unwrap()[0].1.len(), length);
    }
}

#[test]
fn fractions_of_seconds_are_read() {
    let mut entry = Entry::new("f", Kind::File, 0);
    pax::apply(&mut entry, b"mtime", b"12.5").unwrap();
    assert_eq!((entry.mtime, entry.mtime_nanos), (12, 500_000_000));
    pax::apply(&mut entry, b"mtime", b"-1.25").unwrap();
    assert_eq!((entry.mtime, entry.mtime_nanos), (-2, 750_000_000));
    assert!(pax::apply(&mut entry, b"mtime", b"1.x").is_err());
    assert!(pax::apply(&mut entry, b"size", b"-1").is_err());
    assert!(pax::apply(&mut entry, b"GNU.sparse.major", b"1").is_err());
}

/// No input of a seeded random source makes the reader panic, loop or take much memory.
#[test]
fn random_damage_never_panics() {
    let whole = written(&odd_entries());
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..3000 {
        let mut stream = whole.clone();
        for _ in 0..3 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            let at = (seed >> 8) as usize % stream.len();
            stream[at] = seed as u8;
        }
        // Mend the checksums, so that the damage is looked at.
        for start in (0..stream.len()).step_by(512) {
            let block = &mut stream[start..start + 512];
            block[148..156].fill(b' ');
            let sum: u32 = block.iter().map(|&b| u32::from(b)).sum();
            block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        }
        let _ = read(&stream);
    }
}
