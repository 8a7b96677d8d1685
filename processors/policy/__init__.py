"""Policy packs: reading and checking them, finding and judging by them.

A policy decides by a pack alone: which texts are found, what a finding means, and the terms of
credit, measures, reviews, complaints and reports. See ``docs/policy-packs.md``.
"""

from processors.packs import shipped_pack
from processors.policy.judge import Policy
from processors.policy.lint import lint_pack, load_pack
from processors.policy.model import (
    TEXT_FIELDS,
    ComplaintTerms,
    Covers,
    CreditTerms,
    Detector,
    DetectorKind,
    DutyTerms,
    Facet,
    Hit,
    Judgement,
    LadderTerms,
    Level,
    Message,
    Pack,
    Proposal,
    ReportTerms,
    ReviewTerms,
    Rule,
    SubjectView,
)
from processors.policy.problems import PackError, Problem

__all__ = [
    "TEXT_FIELDS",
    "ComplaintTerms",
    "Covers",
    "CreditTerms",
    "Detector",
    "DetectorKind",
    "DutyTerms",
    "Facet",
    "Hit",
    "Judgement",
    "LadderTerms",
    "Level",
    "Message",
    "Pack",
    "PackError",
    "Policy",
    "Problem",
    "Proposal",
    "ReportTerms",
    "ReviewTerms",
    "Rule",
    "SubjectView",
    "lint_pack",
    "load_pack",
    "shipped_pack",
]
