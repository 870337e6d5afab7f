//! What the arguments of `ps` ask for (ps(1)): which columns, in which order. Which processes are shown is the
//! container's to say, so what selects some is read over.

use super::columns::{self, Column};
use crate::error::EngineError;

/// A listing.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub columns: Vec<Column>,
    pub titles: bool,
    /// Columns to sort by, and whether backwards.
    pub sort: Vec<(Column, bool)>,
}

const SHORT: &str = "pid,tname,time,ucmd";
const JOBS: &str = "pid,pgid,sid,tname,time,ucmd";
const LONG: &str = "f,s,uid,pid,ppid,c,opri,ni,addr,sz,wchan,tname,time,ucmd";
const FULL: &str = "uid_name,pid,ppid,c,stime,tname,time,cmd";
const FULL_EXTRA: &str = "uid_name,pid,ppid,c,sz,rss,psr,stime,tname,time,cmd";
const FULL_JOBS: &str = "uid_name,pid,ppid,pgid,sid,c,stime,tname,time,cmd";
const FULL_LONG: &str = "f,s,uid_name,pid,ppid,c,opri,ni,addr,sz,wchan,stime,tname,time,cmd";
const BSD: &str = "pid,tname,stat,bsdtime,args";
const USER: &str = "user,pid,pcpu,pmem,vsz,rss,tname,stat,bsdstart,bsdtime,args";
const LONG_BSD: &str = "f,uid,pid,ppid,priority,ni,vsz,rss,wchan,stat,tname,bsdtime,args";
const JOBS_BSD: &str = "ppid,pid,pgid,sid,tname,tpgid,stat,uid,bsdtime,args";

/// The styles of System V, by their letters.
#[derive(Debug, Default)]
struct Style {
    full: bool,
    extra: bool,
    long: bool,
    jobs: bool,
    threads: Option<&'static str>,
    /// An option of BSD was seen.
    bsd: Option<&'static str>,
    own: Vec<Column>,
    no_titles: bool,
    sort: Vec<(Column, bool)>,
}

/// Reads the arguments; none are `-ef`, as Docker has it.
pub(super) fn parse(args: &str) -> Result<Layout, EngineError> {
    let mut style = Style::default();
    let mut words = args.split_ascii_whitespace();
    if args.trim().is_empty() {
        style.full = true;
    }
    while let Some(word) = words.next() {
        if let Some(long) = word.strip_prefix("--") {
            style.long_option(long, &mut words)?;
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| *letters != "aux") {
            style.letters(letters, true, &mut words)?;
        } else {
            style.letters(word.trim_start_matches('-'), false, &mut words)?;
        }
    }
    let layout = style.layout();
    if !layout.titles || layout.columns.iter().all(|column| column.title != "PID") {
        return Err(EngineError::Invalid(
            "Couldn't find PID field in ps output".into(),
        ));
    }
    Ok(layout)
}

fn wrong(what: &str) -> EngineError {
    EngineError::Invalid(format!("ps: error: {what}"))
}

fn list(text: &str) -> Result<Vec<Column>, EngineError> {
    // A title of one's own hides that of the process number from Docker, so it reads no further.
    let names = text.split(',').filter(|name| !name.is_empty());
    names
        .map(|name| match name.split_once('=') {
            Some((name, _)) => columns::named(name).map(|column| Column {
                title: "",
                ..column
            }),
            None => columns::named(name),
        })
        .collect::<Option<_>>()
        .ok_or_else(|| {
            let unknown = text.split(',').find(|name| columns::named(name).is_none());
            wrong(&format!(
                "unknown user-defined format specifier {:?}",
                unknown.unwrap_or_default()
            ))
        })
}

fn sort_keys(text: &str) -> Result<Vec<(Column, bool)>, EngineError> {
    let key = |key: &str| {
        let name = key.trim_start_matches(['+', '-']);
        let column = columns::named(name).ok_or_else(|| wrong("unknown sort specifier"))?;
        Ok((column, key.starts_with('-')))
    };
    text.split(',').map(key).collect()
}

impl Style {
    fn long_option<'a>(
        &mut self,
        option: &str,
        words: &mut impl Iterator<Item = &'a str>,
    ) -> Result<(), EngineError> {
        let (name, value) = match option.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (option, None),
        };
        let mut value = || value.or_else(|| words.next()).unwrap_or_default();
        match name {
            "sort" => self.sort = sort_keys(value())?,
            "format" => self.own.extend(list(value())?),
            "no-headers" | "no-headings" | "noheaders" | "noheading" => self.no_titles = true,
            "headers" | "forest" | "cumulative" | "deselect" => {}
            "pid" | "ppid" | "quick-pid" | "user" | "User" | "group" | "Group" | "tty" | "sid"
            | "cols" | "columns" | "width" | "lines" | "rows" => drop(value().len()),
            _ => return Err(wrong("unknown gnu long option")),
        }
        Ok(())
    }

    /// A word of letters; what is left of it, or else the next word, is the value of one that takes some.
    fn letters<'a>(
        &mut self,
        letters: &'a str,
        system_v: bool,
        words: &mut impl Iterator<Item = &'a str>,
    ) -> Result<(), EngineError> {
        for (at, letter) in letters.char_indices() {
            let rest = &letters[at + letter.len_utf8()..];
            let takes = match system_v {
                true => "oOkCGUugstpq".contains(letter),
                false => "oOkUptq".contains(letter),
            };
            if takes {
                let value = match rest {
                    "" => words.next().unwrap_or_default(),
                    rest => rest,
                };
                return self.valued(letter, value, system_v);
            }
            match system_v {
                true => self.system_v(letter)?,
                false => self.bsd(letter)?,
            }
        }
        Ok(())
    }

    fn valued(&mut self, letter: char, value: &str, system_v: bool) -> Result<(), EngineError> {
        match letter {
            'o' if value.is_empty() && system_v => {
                return Err(wrong("format specification must follow -o"));
            }
            'o' => self.own.extend(list(value)?),
            'k' => self.sort = sort_keys(value)?,
            'O' => {
                let own = [list("pid")?, list(value)?, list("s,tname,time,args")?];
                self.own.extend(own.concat());
            }
            _ => {}
        }
        Ok(())
    }

    fn system_v(&mut self, letter: char) -> Result<(), EngineError> {
        match letter {
            'f' => self.full = true,
            'F' => (self.full, self.extra) = (true, true),
            'l' => self.long = true,
            'j' => self.jobs = true,
            'L' => self.threads = Some("lwp"),
            'T' => self.threads = Some("spid"),
            // As BSD has it.
            'x' => drop(self.bsd.get_or_insert(BSD)),
            'a' | 'A' | 'c' | 'd' | 'e' | 'H' | 'm' | 'N' | 'w' | 'y' => {}
            _ => return Err(wrong("unsupported SysV option")),
        }
        Ok(())
    }

    fn bsd(&mut self, letter: char) -> Result<(), EngineError> {
        let format = match letter {
            'u' => USER,
            'l' => LONG_BSD,
            'j' => JOBS_BSD,
            'h' => {
                self.no_titles = true;
                BSD
            }
            'a' | 'c' | 'e' | 'f' | 'g' | 'H' | 'm' | 'n' | 'r' | 'S' | 'T' | 'w' | 'x' => BSD,
            _ => return Err(wrong("unsupported option (BSD syntax)")),
        };
        if format != BSD || self.bsd.is_none() {
            self.bsd = Some(format);
        }
        Ok(())
    }

    fn layout(self) -> Layout {
        let columns = match (self.own.is_empty(), self.bsd) {
            (false, _) => self.own,
            (true, Some(format)) => known(format),
            (true, None) => known(&self.system_v_format()),
        };
        Layout {
            columns,
            titles: !self.no_titles,
            sort: self.sort,
        }
    }

    fn system_v_format(&self) -> String {
        let format = match (self.full, self.long, self.jobs) {
            (true, _, _) if self.extra => FULL_EXTRA,
            (true, true, _) => FULL_LONG,
            (false, true, _) => LONG,
            (true, false, true) => FULL_JOBS,
            (false, false, true) => JOBS,
            (true, false, false) => FULL,
            (false, false, false) => SHORT,
        };
        // One line a process all the same: threads of a container are few and alike.
        match self.threads {
            Some("lwp") => format
                .replacen("ppid,", "ppid,lwp,", usize::from(self.full))
                .replacen("c,", "c,nlwp,", usize::from(self.full))
                .replacen("pid,", "pid,lwp,", usize::from(!self.full)),
            Some(id) => format.replacen("pid,", &format!("pid,{id},"), 1),
            None => format.into(),
        }
    }
}

/// The columns of a format of ours.
fn known(format: &str) -> Vec<Column> {
    format.split(',').filter_map(columns::named).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn titles(args: &str) -> String {
        match parse(args) {
            Ok(layout) => {
                let titles: Vec<_> = layout.columns.iter().map(|c| c.title).collect();
                titles.join(" ")
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn formats_are_those_of_ps() {
        for (args, wanted) in [
            ("", "UID PID PPID C STIME TTY TIME CMD"),
            ("-eF", "UID PID PPID C SZ RSS PSR STIME TTY TIME CMD"),
            (
                "-aux",
                "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND",
            ),
            ("ax", "PID TTY STAT TIME COMMAND"),
            ("-A", "PID TTY TIME CMD"),
            ("-eo pid,user,args", "PID USER COMMAND"),
            ("-opid -o etime", "PID ELAPSED"),
            ("-L", "PID LWP TTY TIME CMD"),
            ("-Lf", "UID PID PPID LWP C NLWP STIME TTY TIME CMD"),
            ("-C sleep -o pid,comm --sort -rss", "PID COMMAND"),
        ] {
            assert_eq!(titles(args), wanted, "{args}");
        }
        assert!(parse("-o pid --sort=-rss,pid").unwrap().sort[0].1);
    }

    #[test]
    fn what_ps_does_not_know_is_refused_in_its_words() {
        for (args, wanted) in [
            ("-o user", "Couldn't find PID field in ps output"),
            ("-o pid=P", "Couldn't find PID field in ps output"),
            (
                "-o nope,pid",
                "ps: error: unknown user-defined format specifier \"nope\"",
            ),
            ("--nope", "ps: error: unknown gnu long option"),
            ("-K", "ps: error: unsupported SysV option"),
            ("x;y", "ps: error: unsupported option (BSD syntax)"),
            ("-o pid --sort nope", "ps: error: unknown sort specifier"),
            ("-o", "ps: error: format specification must follow -o"),
        ] {
            assert_eq!(titles(args), wanted, "{args}");
        }
    }
}
