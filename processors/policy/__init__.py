"""Policy packs: reading and checking them, finding and judging by them.

A policy decides by a pack alone: which texts are found, what a finding means, and the terms of
credit, measures, reviews, complaints and reports. See ``docs/policy-packs.md``.
"""

from processors.packs import shipped_pack
from processors.policy.advice import advise, dropped
from processors.policy.composition import SHADOW, common_detectors, compose, in_shadow
from processors.policy.difference import Difference, differences
from processors.policy.judge import Policy
from processors.policy.lint import lint_pack, load_pack
from processors.policy.model import (
    TEXT_FIELDS,
    AcrossTerms,
    BrakeTerms,
    ComplaintTerms,
    Covers,
    CreditTerms,
    Detector,
    DetectorKind,
    DutyTerms,
    Facet,
    Hit,
    ImageTerms,
    Judgement,
    LadderTerms,
    Level,
    Message,
    MisuseTerms,
    Mode,
    NameTerms,
    NoticePart,
    Pack,
    Proposal,
    ReportTerms,
    ReviewTerms,
    Rule,
    StatementCategory,
    StatementGround,
    StatementsTerms,
    StatementTerms,
    SubjectView,
    SweepTerms,
)
from processors.policy.pack_tests import TESTS, Tried, try_cases
from processors.policy.problems import PackError, Problem
from processors.policy.schema import pack_schema

__all__ = [
    "SHADOW",
    "TESTS",
    "TEXT_FIELDS",
    "AcrossTerms",
    "BrakeTerms",
    "ComplaintTerms",
    "Covers",
    "CreditTerms",
    "Detector",
    "DetectorKind",
    "Difference",
    "DutyTerms",
    "Facet",
    "Hit",
    "ImageTerms",
    "Judgement",
    "LadderTerms",
    "Level",
    "Message",
    "MisuseTerms",
    "Mode",
    "NameTerms",
    "NoticePart",
    "Pack",
    "PackError",
    "Policy",
    "Problem",
    "Proposal",
    "ReportTerms",
    "ReviewTerms",
    "Rule",
    "StatementCategory",
    "StatementGround",
    "StatementTerms",
    "StatementsTerms",
    "SubjectView",
    "SweepTerms",
    "Tried",
    "advise",
    "common_detectors",
    "compose",
    "differences",
    "dropped",
    "in_shadow",
    "lint_pack",
    "load_pack",
    "pack_schema",
    "shipped_pack",
    "try_cases",
]
