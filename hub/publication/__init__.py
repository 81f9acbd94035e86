"""What is handed out: figures as drawings and tables, the report on paper, open data. Only what may be released."""
