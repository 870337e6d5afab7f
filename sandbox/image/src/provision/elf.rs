//! ELF executables: is this one static and for this machine; and how to make the smallest one.

/// Why a file cannot be run in an image without libraries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotStatic {
    /// Not an ELF file of 64 bits.
    #[error("it is not a 64-bit ELF executable")]
    NotElf,
    /// For another machine.
    #[error("it is for another kind of machine")]
    OtherMachine,
    /// It asks for a program interpreter.
    #[error("it is dynamically linked")]
    Dynamic,
}

const EM_X86_64: u16 = 62;
const EM_AARCH64: u16 = 183;
const PT_LOAD: u32 = 1;
const PT_INTERP: u32 = 3;

/// This machine's number, 0 when it is one we know nothing of.
#[must_use]
pub fn host_machine() -> u16 {
    match std::env::consts::ARCH {
        "x86_64" => EM_X86_64,
        "aarch64" => EM_AARCH64,
        _ => 0,
    }
}

/// Whether a file, by its first bytes, is a static executable for this machine.
///
/// # Errors
/// When it is not, with the reason.
pub fn check_static(file: &[u8]) -> Result<(), NotStatic> {
    let half = |at: usize| le(file, at, 2).map(|n| n as u16);
    if !file.starts_with(b"\x7fELF\x02\x01") {
        return Err(NotStatic::NotElf);
    }
    if half(18).ok_or(NotStatic::NotElf)? != host_machine() {
        return Err(NotStatic::OtherMachine);
    }
    let table = le(file, 32, 8).ok_or(NotStatic::NotElf)?;
    let size = u64::from(half(54).ok_or(NotStatic::NotElf)?);
    let count = u64::from(half(56).ok_or(NotStatic::NotElf)?);
    for index in 0..count {
        let at = table
            .checked_add(index * size)
            .and_then(|at| usize::try_from(at).ok())
            .ok_or(NotStatic::NotElf)?;
        if le(file, at, 4).ok_or(NotStatic::NotElf)? == u64::from(PT_INTERP) {
            return Err(NotStatic::Dynamic);
        }
    }
    Ok(())
}

fn le(file: &[u8], at: usize, width: usize) -> Option<u64> {
    let bytes = file.get(at..at.checked_add(width)?)?;
    Some(bytes.iter().rev().fold(0, |n, &b| n << 8 | u64::from(b)))
}

const HEADERS: u64 = 64 + 56;
const BASE: u64 = 0x40_0000;

/// An executable that writes `message` to its standard output and ends well. `None` on a machine whose code we do
/// not know.
#[must_use]
pub fn printing(message: &str, machine: u16) -> Option<Vec<u8>> {
    let code = match machine {
        EM_X86_64 => x86_64(message.len()),
        EM_AARCH64 => aarch64(message.len())?,
        _ => return None,
    };
    let total = HEADERS + code.len() as u64 + message.len() as u64;
    let mut file = Vec::new();
    // File header: 64 bits, little endian, System V.
    file.extend(b"\x7fELF\x02\x01\x01");
    file.resize(16, 0);
    put16(&mut file, &[2, machine]); // an executable
    put32(&mut file, &[1]);
    put64(&mut file, &[BASE + HEADERS, 64, 0]); // entry, program headers, no sections
    put32(&mut file, &[0]);
    put16(&mut file, &[64, 56, 1, 64, 0, 0]);
    // The one segment: the whole file, to be read and run.
    put32(&mut file, &[PT_LOAD, 5]);
    put64(&mut file, &[0, BASE, BASE, total, total, 0x1_0000]);
    file.extend(code);
    file.extend(message.bytes());
    Some(file)
}

/// write(1, message, length); exit(0). The message follows the code.
fn x86_64(length: usize) -> Vec<u8> {
    let mut code = Vec::new();
    code.extend([0xb8, 1, 0, 0, 0]); // mov eax, 1
    code.extend([0xbf, 1, 0, 0, 0]); // mov edi, 1
    code.extend([0x48, 0x8d, 0x35, 16, 0, 0, 0]); // lea rsi, [rip + 16]: what is left of the code
    code.push(0xba); // mov edx, length
    put32(&mut code, &[length as u32]);
    code.extend([0x0f, 0x05]); // syscall
    code.extend([0xb8, 60, 0, 0, 0]); // mov eax, 60
    code.extend([0x31, 0xff]); // xor edi, edi
    code.extend([0x0f, 0x05]); // syscall
    code
}

/// The same; a `movz` holds 16 bits, so longer messages have no place.
fn aarch64(length: usize) -> Option<Vec<u8>> {
    let movz = |register: u32, value: u32| 0xd280_0000 | value << 5 | register;
    let svc = 0xd400_0001;
    // From the second of eight instructions to the end of the code: 28 bytes, a multiple of 4.
    let adr_x1 = 0x1000_0001 | (28 / 4) << 5;
    let length = u32::from(u16::try_from(length).ok()?);
    let mut code = Vec::new();
    let program = [
        movz(0, 1),
        adr_x1,
        movz(2, length),
        movz(8, 64),
        svc,
        movz(0, 0),
        movz(8, 93),
        svc,
    ];
    put32(&mut code, &program);
    Some(code)
}

fn put16(out: &mut Vec<u8>, values: &[u16]) {
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn put32(out: &mut Vec<u8>, values: &[u32]) {
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

fn put64(out: &mut Vec<u8>, values: &[u64]) {
    out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, process::Command};

    use super::*;

    #[test]
    fn the_program_runs_and_prints() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hello");
        let text = "hello, said the program\n".repeat(40);
        fs::write(&path, printing(&text, host_machine()).unwrap()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        let output = Command::new(&path).output().unwrap();
        assert!(output.status.success());
        assert_eq!(String::from_utf8(output.stdout).unwrap(), text);
    }

    #[test]
    fn both_machines_have_a_program_of_the_same_shape() {
        for machine in [EM_X86_64, EM_AARCH64] {
            let file = printing("x", machine).unwrap();
            assert_eq!(le(&file, 18, 2), Some(u64::from(machine)));
            assert_eq!(le(&file, 96, 8), Some(file.len() as u64));
        }
        assert_eq!(printing("x", 3), None);
    }

    #[test]
    fn the_message_stands_where_the_code_looks_for_it() {
        assert_eq!(x86_64(1).len(), 17 + 16);
        assert_eq!(aarch64(1).unwrap().len(), 4 + 28);
    }

    #[test]
    fn only_static_executables_of_this_machine_pass() {
        let good = printing("x", host_machine()).unwrap();
        assert_eq!(check_static(&good), Ok(()));
        let mut dynamic = good.clone();
        dynamic[64] = PT_INTERP as u8;
        assert_eq!(check_static(&dynamic), Err(NotStatic::Dynamic));
        let mut foreign = good.clone();
        foreign[18] = 8;
        assert_eq!(check_static(&foreign), Err(NotStatic::OtherMachine));
        assert_eq!(check_static(b"#!/bin/sh"), Err(NotStatic::NotElf));
        assert_eq!(check_static(&good[..70]), Ok(()));
        assert_eq!(check_static(&good[..40]), Err(NotStatic::NotElf));
    }
}
