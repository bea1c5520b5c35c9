"""What a scan leaves out unless the job says otherwise. Shown in the job's form, free to edit."""

DEFAULT_EXCLUDE = """\
.*
Thumbs.db
desktop.ini
*.txt
*.md
*.csv
*.json
*.xml
*.htm
*.html
*.log
*.ini
*.db
*.sqlite
*.doc
*.docx
*.xls
*.xlsx
*.ppt
*.pptx
*.odt
*.ods
*.zip
*.7z
*.gz
*.mp3
*.mp4
*.mov
*.avi"""
