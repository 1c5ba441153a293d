package gepa
