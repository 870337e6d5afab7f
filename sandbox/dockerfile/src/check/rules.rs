//! The rules, as Docker's reference lists them.

/// A build check.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// As `# check=skip=` names it.
    pub name: &'static str,
    /// What it is about.
    pub description: &'static str,
    /// Looked at only where `# check=experimental=` says so.
    pub experimental: bool,
    /// The lesson that explains it.
    pub lesson: Option<&'static str>,
    /// The last part of its address.
    slug: &'static str,
}

impl Rule {
    /// Where Docker explains it; the rule about platforms has no page.
    #[must_use]
    pub fn url(&self) -> String {
        if self.slug.is_empty() {
            return String::new();
        }
        format!("https://docs.docker.com/go/dockerfile/rule/{}/", self.slug)
    }
}

/// The rule of that name.
#[must_use]
pub fn rule(name: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.name == name)
}

/// All of them.
pub static RULES: [Rule; 22] = [
    Rule {
        name: "StageNameCasing",
        description: "Stage names should be lowercase",
        experimental: false,
        lesson: None,
        slug: "stage-name-casing",
    },
    Rule {
        name: "FromAsCasing",
        description: "The 'as' keyword should match the case of the 'from' keyword",
        experimental: false,
        lesson: None,
        slug: "from-as-casing",
    },
    Rule {
        name: "NoEmptyContinuation",
        description: "Empty continuation lines will become errors in a future release",
        experimental: false,
        lesson: None,
        slug: "no-empty-continuation",
    },
    Rule {
        name: "ConsistentInstructionCasing",
        description: "All commands within the Dockerfile should use the same casing (either upper or lower)",
        experimental: false,
        lesson: None,
        slug: "consistent-instruction-casing",
    },
    Rule {
        name: "DuplicateStageName",
        description: "Stage names should be unique",
        experimental: false,
        lesson: None,
        slug: "duplicate-stage-name",
    },
    Rule {
        name: "ReservedStageName",
        description: "Reserved words should not be used as stage names",
        experimental: false,
        lesson: None,
        slug: "reserved-stage-name",
    },
    Rule {
        name: "JSONArgsRecommended",
        description: "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
        experimental: false,
        lesson: Some("cmd-and-entrypoint"),
        slug: "json-args-recommended",
    },
    Rule {
        name: "MaintainerDeprecated",
        description: "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
        experimental: false,
        lesson: None,
        slug: "maintainer-deprecated",
    },
    Rule {
        name: "UndefinedArgInFrom",
        description: "FROM command must use declared ARGs",
        experimental: false,
        lesson: None,
        slug: "undefined-arg-in-from",
    },
    Rule {
        name: "WorkdirRelativePath",
        description: "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes",
        experimental: false,
        lesson: Some("layers-and-the-build-cache"),
        slug: "workdir-relative-path",
    },
    Rule {
        name: "UndefinedVar",
        description: "Variables should be defined before their use",
        experimental: false,
        lesson: None,
        slug: "undefined-var",
    },
    Rule {
        name: "MultipleInstructionsDisallowed",
        description: "Multiple instructions of the same type should not be used in the same stage",
        experimental: false,
        lesson: Some("cmd-and-entrypoint"),
        slug: "multiple-instructions-disallowed",
    },
    Rule {
        name: "LegacyKeyValueFormat",
        description: "Legacy key/value format with whitespace separator should not be used",
        experimental: false,
        lesson: None,
        slug: "legacy-key-value-format",
    },
    Rule {
        name: "InvalidBaseImagePlatform",
        description: "Base image platform does not match expected target platform",
        experimental: false,
        lesson: None,
        slug: "",
    },
    Rule {
        name: "RedundantTargetPlatform",
        description: "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
        experimental: false,
        lesson: None,
        slug: "redundant-target-platform",
    },
    Rule {
        name: "SecretsUsedInArgOrEnv",
        description: "Sensitive data should not be used in the ARG or ENV commands",
        experimental: false,
        lesson: None,
        slug: "secrets-used-in-arg-or-env",
    },
    Rule {
        name: "InvalidDefaultArgInFrom",
        description: "Default value for global ARG results in an empty or invalid base image name",
        experimental: false,
        lesson: None,
        slug: "invalid-default-arg-in-from",
    },
    Rule {
        name: "FromPlatformFlagConstDisallowed",
        description: "FROM --platform flag should not use a constant value",
        experimental: false,
        lesson: None,
        slug: "from-platform-flag-const-disallowed",
    },
    Rule {
        name: "CopyIgnoredFile",
        description: "Attempting to Copy file that is excluded by .dockerignore",
        experimental: true,
        lesson: None,
        slug: "copy-ignored-file",
    },
    Rule {
        name: "InvalidDefinitionDescription",
        description: "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.",
        experimental: true,
        lesson: None,
        slug: "invalid-definition-description",
    },
    Rule {
        name: "ExposeProtoCasing",
        description: "Protocol in EXPOSE instruction should be lowercase",
        experimental: false,
        lesson: None,
        slug: "expose-proto-casing",
    },
    Rule {
        name: "ExposeInvalidFormat",
        description: "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release",
        experimental: false,
        lesson: None,
        slug: "expose-invalid-format",
    },
];

pub(super) static STAGE_NAME_CASING: &Rule = &RULES[0];
pub(super) static FROM_AS_CASING: &Rule = &RULES[1];
pub(super) static NO_EMPTY_CONTINUATION: &Rule = &RULES[2];
pub(super) static CONSISTENT_INSTRUCTION_CASING: &Rule = &RULES[3];
pub(super) static DUPLICATE_STAGE_NAME: &Rule = &RULES[4];
pub(super) static RESERVED_STAGE_NAME: &Rule = &RULES[5];
pub(super) static JSON_ARGS_RECOMMENDED: &Rule = &RULES[6];
pub(super) static MAINTAINER_DEPRECATED: &Rule = &RULES[7];
pub(super) static UNDEFINED_ARG_IN_FROM: &Rule = &RULES[8];
pub(super) static WORKDIR_RELATIVE_PATH: &Rule = &RULES[9];
pub(super) static UNDEFINED_VAR: &Rule = &RULES[10];
pub(super) static MULTIPLE_INSTRUCTIONS_DISALLOWED: &Rule = &RULES[11];
pub(super) static LEGACY_KEY_VALUE_FORMAT: &Rule = &RULES[12];
pub(super) static INVALID_BASE_IMAGE_PLATFORM: &Rule = &RULES[13];
pub(super) static REDUNDANT_TARGET_PLATFORM: &Rule = &RULES[14];
pub(super) static SECRETS_USED_IN_ARG_OR_ENV: &Rule = &RULES[15];
pub(super) static INVALID_DEFAULT_ARG_IN_FROM: &Rule = &RULES[16];
pub(super) static FROM_PLATFORM_FLAG_CONST_DISALLOWED: &Rule = &RULES[17];
pub(super) static COPY_IGNORED_FILE: &Rule = &RULES[18];
pub(super) static INVALID_DEFINITION_DESCRIPTION: &Rule = &RULES[19];
pub(super) static EXPOSE_PROTO_CASING: &Rule = &RULES[20];
pub(super) static EXPOSE_INVALID_FORMAT: &Rule = &RULES[21];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_belong_together() {
        for rule in &RULES {
            let squeezed = rule.slug.replace('-', "");
            assert!(
                squeezed.is_empty() || squeezed == rule.name.to_lowercase(),
                "{rule:?}"
            );
        }
        assert_eq!(JSON_ARGS_RECOMMENDED.slug, "json-args-recommended");
        assert_eq!(EXPOSE_INVALID_FORMAT.name, "ExposeInvalidFormat");
        assert_eq!(rule("UndefinedVar"), Some(UNDEFINED_VAR));
    }
}
