"""Kayenta as its source has it: the canary's windows classified and scored by the control's."""
