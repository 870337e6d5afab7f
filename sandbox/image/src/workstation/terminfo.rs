//! The terminal's description that bash's line editor needs, in the compiled form of term(5). Without one the editor
//! takes the terminal for a typewriter. It describes xterm.js as far as line editing, paging and vi use it.

/// The names it goes by. Each is also a file name.
pub const NAMES: [&str; 3] = ["xterm-256color", "xterm", "screen-256color"];

/// Booleans, by their places in term(5)'s order: am, xenl, km, mir, msgr, bce.
const BOOLEANS: [usize; 6] = [1, 4, 8, 13, 14, 28];

/// Numbers: cols, it, lines, colors, pairs.
const NUMBERS: [(usize, i16); 5] = [(0, 80), (1, 8), (2, 24), (13, 256), (14, 32_767)];

/// Strings; their names as terminfo(5) has them.
#[rustfmt::skip]
const STRINGS: [(usize, &str); 65] = [
    (1, "\x07"),                        // bel
    (2, "\r"),                          // cr
    (3, "\x1b[%i%p1%d;%p2%dr"),         // csr
    (5, "\x1b[H\x1b[2J"),               // clear
    (6, "\x1b[K"),                      // el
    (7, "\x1b[J"),                      // ed
    (8, "\x1b[%i%p1%dG"),               // hpa
    (10, "\x1b[%i%p1%d;%p2%dH"),        // cup
    (11, "\n"),                         // cud1
    (12, "\x1b[H"),                     // home
    (13, "\x1b[?25l"),                  // civis
    (14, "\x08"),                       // cub1
    (16, "\x1b[?25h"),                  // cnorm
    (17, "\x1b[C"),                     // cuf1
    (19, "\x1b[A"),                     // cuu1
    (21, "\x1b[P"),                     // dch1
    (22, "\x1b[M"),                     // dl1
    (27, "\x1b[1m"),                    // bold
    (28, "\x1b[?1049h"),                // smcup
    (30, "\x1b[2m"),                    // dim
    (31, "\x1b[4h"),                    // smir
    (34, "\x1b[7m"),                    // rev
    (35, "\x1b[7m"),                    // smso
    (36, "\x1b[4m"),                    // smul
    (39, "\x1b[m"),                     // sgr0
    (40, "\x1b[?1049l"),                // rmcup
    (42, "\x1b[4l"),                    // rmir
    (43, "\x1b[27m"),                   // rmso
    (44, "\x1b[24m"),                   // rmul
    (53, "\x1b[L"),                     // il1
    (55, "\x7f"),                       // kbs
    (59, "\x1b[3~"),                    // kdch1
    (61, "\x1bOB"),                     // kcud1
    (66, "\x1bOP"),                     // kf1
    (76, "\x1bOH"),                     // khome
    (77, "\x1b[2~"),                    // kich1
    (79, "\x1bOD"),                     // kcub1
    (81, "\x1b[6~"),                    // knp
    (82, "\x1b[5~"),                    // kpp
    (83, "\x1bOC"),                     // kcuf1
    (87, "\x1bOA"),                     // kcuu1
    (88, "\x1b[?1l\x1b>"),              // rmkx
    (89, "\x1b[?1h\x1b="),              // smkx
    (103, "\x1bE"),                     // nel
    (105, "\x1b[%p1%dP"),               // dch
    (106, "\x1b[%p1%dM"),               // dl
    (107, "\x1b[%p1%dB"),               // cud
    (108, "\x1b[%p1%d@"),               // ich
    (109, "\x1b[%p1%dS"),               // indn
    (110, "\x1b[%p1%dL"),               // il
    (111, "\x1b[%p1%dD"),               // cub
    (112, "\x1b[%p1%dC"),               // cuf
    (113, "\x1b[%p1%dT"),               // rin
    (114, "\x1b[%p1%dA"),               // cuu
    (126, "\x1b8"),                     // rc
    (127, "\x1b[%i%p1%dd"),             // vpa
    (128, "\x1b7"),                     // sc
    (129, "\n"),                        // ind
    (130, "\x1bM"),                     // ri
    (134, "\t"),                        // ht
    (164, "\x1bOF"),                    // kend
    (269, "\x1b[1K"),                   // el1
    (297, "\x1b[39;49m"),               // op
    (359, "\x1b[%?%p1%{8}%<%t3%p1%d%e%p1%{16}%<%t9%p1%{8}%-%d%e38;5;%p1%d%;m"), // setaf
    (360, "\x1b[%?%p1%{8}%<%t4%p1%d%e%p1%{16}%<%t10%p1%{8}%-%d%e48;5;%p1%d%;m"), // setab
];

/// The compiled description.
#[must_use]
pub fn compiled() -> Vec<u8> {
    let names = format!("{}|as Drydock's page has it\0", NAMES.join("|"));
    let mut booleans = vec![0; BOOLEANS.iter().max().map_or(0, |last| last + 1)];
    for at in BOOLEANS {
        booleans[at] = 1;
    }
    let mut numbers = vec![-1; NUMBERS.iter().map(|(at, _)| at + 1).max().unwrap_or(0)];
    for (at, number) in NUMBERS {
        numbers[at] = number;
    }
    let mut offsets = vec![-1; STRINGS.iter().map(|(at, _)| at + 1).max().unwrap_or(0)];
    let mut table = Vec::new();
    for (at, text) in STRINGS {
        offsets[at] = short(table.len());
        table.extend(text.bytes());
        table.push(0);
    }
    let head = [
        0o432,
        short(names.len()),
        short(booleans.len()),
        short(numbers.len()),
        short(offsets.len()),
        short(table.len()),
    ];
    let mut out = Vec::new();
    let put = |out: &mut Vec<u8>, values: &[i16]| {
        out.extend(values.iter().flat_map(|value| value.to_le_bytes()));
    };
    put(&mut out, &head);
    out.extend(names.bytes());
    out.extend(booleans);
    // Numbers start at an even place.
    if out.len() % 2 == 1 {
        out.push(0);
    }
    put(&mut out, &numbers);
    put(&mut out, &offsets);
    out.extend(table);
    out
}

/// The whole is a few kilobytes.
fn short(length: usize) -> i16 {
    i16::try_from(length).unwrap_or(i16::MAX)
}
