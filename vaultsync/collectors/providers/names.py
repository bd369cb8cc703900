"""Give providers their usual names, whatever a gateway or a convention of telemetry calls them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vaultsync.collectors.fields import Getter, Source, getter

USUAL = {
    "amazon": "aws-bedrock",
    "amazon-bedrock": "aws-bedrock",
    "aws": "aws-bedrock",
    "aws.bedrock": "aws-bedrock",
    "az.ai.inference": "azure",
    "az.ai.openai": "azure",
    "azure-ai": "azure",
    "azure-openai": "azure",
    "azure-text": "azure",
    "azure.ai.inference": "azure",
    "azure.ai.openai": "azure",
    "bedrock": "aws-bedrock",
    "bedrock-converse": "aws-bedrock",
    "cohere-chat": "cohere",
    "fireworks-ai": "fireworks",
    "gcp.gemini": "google",
    "gcp.gen-ai": "google",
    "gcp.vertex-ai": "google",
    "gemini": "google",
    "google-vertex": "google",
    "mistral-ai": "mistral",
    "mistralai": "mistral",
    "ollama-chat": "ollama",
    "text-completion-openai": "openai",
    "together-ai": "together",
    "togetherai": "together",
    "vertex": "google",
    "vertex-ai": "google",
    "vertexai": "google",
    "x-ai": "xai",
}
"""What others write, with hyphens -> the name that this provider has here."""


def usual(source: Source) -> Getter:
    """The usual name of the provider that stands there."""
    get = getter(source)

    def read(record: Mapping[str, Any]) -> object:
        value = get(record)
        if not isinstance(value, str):
            return value
        name = value.strip().lower().replace("_", "-")
        return USUAL.get(name, name)

    return read
